// "Save as" in Collabora: it asks the host page for the name, and makes the file itself.

import { byId, fill } from "./texts.js";

export const askForNames = (editor, calls, { known, texts }) => {
  const dialog = byId("save-as");
  const input = byId("save-as-name");
  const bar = byId("said");
  let asked = "";

  const say = (text) => {
    byId("said-text").textContent = text;
    bar.hidden = false;
  };
  byId("said-hide").addEventListener("click", () => {
    bar.hidden = true;
  });

  editor.on("UI_SaveAs", ({ format }) => {
    if (dialog.open) {
      return; // Or what was typed would be gone.
    }
    const fileName = known.file;
    const dot = fileName.lastIndexOf(".");
    const stem = dot > 0 ? fileName.slice(0, dot) : fileName;
    const isFormat = typeof format === "string" && /^[a-z0-9]{1,10}$/i.test(format);
    const extension = isFormat ? `.${format}` : fileName.slice(stem.length);
    input.value = `${fill(texts.copyOf, { name: stem })}${extension}`;
    dialog.returnValue = "";
    dialog.showModal();
    input.setSelectionRange(0, input.value.length - extension.length);
  });
  byId("save-as-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    const name = input.value.trim();
    if (dialog.returnValue === "save") {
      asked = name;
      editor.post("Action_SaveAs", { Filename: name, Notify: true });
    }
  });

  editor.on("Action_Save_Resp", async ({ success, result, fileName: made }) => {
    const isNew = typeof made === "string" && made !== "";
    const isExport = result === "exportas";
    if (!asked || (success === true && !isNew && !isExport)) {
      return; // About a save that was not asked for here.
    }
    const name = isNew ? made : asked;
    asked = "";
    if (success !== true) {
      say(fill(texts.notSavedAs, { name }));
      return;
    }
    if (isExport) {
      say(fill(texts.savedAs, { name })); // The editor stays with this file.
      return;
    }
    // The editor goes on with the new file, and so does the page.
    try {
      const response = await calls.ask(`/copy?name=${encodeURIComponent(name)}`);
      if (response.ok) {
        window.location.assign((await response.json()).url);
        return;
      }
    } catch {
      // The connector does not answer just now.
    }
    say(fill(texts.savedAs, { name }));
  });
};
