// Tells the user of saves that failed: asks the connector for them while the page is open.
//
// The token is for these saves alone; it goes into a header, never into an address.
"use strict";

(() => {
  const AGAIN_AFTER = 30000;
  const bar = document.getElementById("kept");
  const { url, token, text, brand, download, failed } = bar.dataset;
  const language = document.documentElement.lang;
  delete bar.dataset.token;

  const ask = (address) =>
    fetch(address, { headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });

  const fill = (sentence, values) =>
    sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const moment = (milliseconds) => {
    const at = new Date(milliseconds);
    const isToday = at.toDateString() === new Date().toDateString();
    const date = isToday ? {} : { dateStyle: "medium" };
    return at.toLocaleString(language, { ...date, timeStyle: "short" });
  };

  const fetchContent = async (save) => {
    const response = await ask(`${url}/${save.id}`);
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

  const row = (save) => {
    const line = document.createElement("div");
    const said = document.createElement("span");
    said.textContent = fill(text, { time: moment(save.at), brand, id: save.id });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = download;
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await fetchContent(save);
      } catch {
        said.textContent = fill(failed, { id: save.id });
      }
      button.disabled = false;
    });
    line.append(said, button);
    return line;
  };

  // Shown anew only when something has changed, or the user would lose the button under the mouse,
  // and a screen reader would begin again every time.
  let shown = "[]";
  const show = (saves) => {
    const now = JSON.stringify(saves);
    if (now !== shown) {
      shown = now;
      bar.replaceChildren(...saves.map(row));
      bar.hidden = saves.length === 0;
    }
  };

  const look = async () => {
    try {
      const response = await ask(url);
      if (response.status === 401) {
        return; // The page is too old; so is the office client's token.
      }
      if (response.ok) {
        show((await response.json()).saves);
      }
    } catch {
      // The connector does not answer just now.
    }
    setTimeout(look, AGAIN_AFTER);
  };
  look();
})();
