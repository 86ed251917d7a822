// The line below the editor: the last save that is in Nuxeo, and who else is editing.

import { byId, fill, moment } from "./texts.js";

export const showSaved = (state, { isEditing, content, openedAt, texts }) => {
  const line = byId("status");
  const saved = byId("saved");
  const editing = byId("editing");
  const anew = byId("anew");
  let shown = "";
  let seen;
  state.on(({ saved: last, editing: others }) => {
    // The file that was there when the page was made, or what was saved since: another file may have
    // taken its place, or somebody may have written past the connector.
    const save = last && (last.content === content || last.at > openedAt) ? last : null;
    // What is shown to a reader is as old as the page.
    seen ??= save?.at ?? 0;
    const isOld = !isEditing && (save?.at ?? 0) > seen;
    const sentence = save?.isOwn ? texts.savedByYou : texts.savedBy;
    const people = isEditing ? texts.editingToo : texts.editing;
    const parts = [
      save ? fill(sentence, { time: moment(save.at), name: save.by.join(", ") }) : "",
      others.length ? fill(people, { names: others.join(", ") }) : "",
    ];
    // Only when something is new, or a screen reader would begin again every time.
    const now = JSON.stringify([parts, isOld]);
    if (now !== shown) {
      shown = now;
      [saved.textContent, editing.textContent] = parts;
      anew.hidden = !isOld;
      line.hidden = parts.every((part) => !part);
    }
  });
};
