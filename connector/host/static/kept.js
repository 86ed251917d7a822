// Tells the user of saves of theirs that failed, and gets them the text.

import { byId, fill, moment } from "./texts.js";

const fetchContent = async (calls, save) => {
  const response = await calls.ask(`/kept/${save.id}`);
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = save.fileName;
  link.click();
  // Browsers that have not begun to write by now never do.
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

export const showKept = (state, calls, texts) => {
  const bar = byId("kept");

  const row = (save) => {
    const line = document.createElement("div");
    const said = document.createElement("span");
    said.textContent = fill(texts.kept, { time: moment(save.at), id: save.id });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = texts.download;
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await fetchContent(calls, save);
      } catch {
        said.textContent = fill(texts.notDownloaded, { id: save.id });
      }
      button.disabled = false;
    });
    line.append(said, button);
    return line;
  };

  // Until there is another one; the connector keeps them.
  const dismiss = document.createElement("button");
  dismiss.type = "button";
  dismiss.textContent = texts.dismiss;
  dismiss.addEventListener("click", () => {
    bar.hidden = true;
  });

  // Shown anew only when something has changed, or the user would lose the button under the mouse,
  // and a screen reader would begin again every time.
  let shown = "[]";
  state.on(({ kept }) => {
    const now = JSON.stringify(kept);
    if (now !== shown) {
      shown = now;
      bar.replaceChildren(...kept.map(row), dismiss);
      bar.hidden = kept.length === 0;
    }
  });
};
