// The line below the editor: the last save that is in Nuxeo, and who else is editing.

import { byId, fill, moment } from "./texts.js";

export const showSaved = (state, { isEditing, texts }) => {
  const line = byId("status");
  const saved = byId("saved");
  const editing = byId("editing");
  const anew = byId("anew");
  let last = "";
  let seen;
  state.on(({ saved: save, editing: others }) => {
    // What is shown to a reader is as old as the page.
    seen ??= save?.at ?? 0;
    const isOld = !isEditing && (save?.at ?? 0) > seen;
    const sentence = save?.isOwn ? texts.savedByYou : texts.savedBy;
    const people = isEditing ? texts.editingToo : texts.editing;
    const parts = [
      save ? fill(sentence, { time: moment(save.at), name: save.by }) : "",
      others.length ? fill(people, { names: others.join(", ") }) : "",
    ];
    // Only when something is new, or a screen reader would begin again every time.
    const now = JSON.stringify([parts, isOld]);
    if (now !== last) {
      last = now;
      [saved.textContent, editing.textContent] = parts;
      anew.hidden = !isOld;
      line.hidden = parts.every((part) => !part);
    }
  });
};
