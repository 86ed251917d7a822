// The host page: puts its parts together.

import { Editor } from "./editor.js";
import { showKept } from "./kept.js";
import { showOpening } from "./opening.js";
import { PageCalls } from "./page_calls.js";
import { askForNames } from "./save_as.js";
import { showSaved } from "./saved.js";
import { keepSession } from "./session.js";
import { State } from "./state.js";
import { byId, fill, know } from "./texts.js";
import { waitUntilFree } from "./waiting.js";

const data = JSON.parse(byId("page-data").textContent);
byId("page-data").remove();
know(data.known);

// Which office client somebody chose is known to this tab alone, for as long as it is open. Where
// there is no choice, because others are editing the file in one of them, it is not asked for.
const CHOSEN = "nuxeo-wopi-client";
const others = [...document.querySelectorAll("#clients a")];
for (const link of others) {
  link.addEventListener("click", () => sessionStorage.setItem(CHOSEN, link.dataset.client));
}

function chosenElsewhere() {
  if (!others.length || new URL(window.location.href).searchParams.has("client")) {
    return undefined;
  }
  const chosen = sessionStorage.getItem(CHOSEN);
  return others.find((link) => link.dataset.client === chosen)?.href;
}

// Nuxeo has pages for these. A browser may take a tab that the frame asks for for something that
// nobody has asked for; then a link is offered.
function offerPages(editor) {
  const elsewhere = byId("elsewhere");
  const offer = (id) => {
    const link = byId(id);
    const tab = link && window.open(link.href, "_blank");
    if (tab) {
      tab.opener = null;
    } else if (link) {
      link.hidden = false;
      elsewhere.hidden = false;
    }
  };
  for (const each of elsewhere.querySelectorAll("a, button")) {
    each.addEventListener("click", () => {
      elsewhere.hidden = true;
    });
  }
  editor.on("UI_FileVersions", () => offer("versions"));
  editor.on("UI_Sharing", () => offer("sharing"));
  editor.on("UI_Share", () => offer("sharing"));
}

// The address stays what it is: it has no name in it.
function followNames(editor) {
  editor.on("File_Rename", ({ NewName: name }) => {
    if (typeof name !== "string" || !name) {
      return;
    }
    // Most tell it without the extension, which a rename cannot change.
    const said = data.encodesNames ? decoded(name) : name;
    const isWhole = said.toLowerCase().endsWith(data.extension.toLowerCase());
    const fileName = `${said}${isWhole ? "" : data.extension}`;
    byId("heading").textContent = fileName;
    data.known.file = fileName;
    document.title = `${fileName} – ${data.known.app}`;
    editor.title = document.title;
  });
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function open() {
  const form = byId("office-form");
  const editor = new Editor({ ...data.frame, form });
  editor.title = fill(data.texts.frameTitle);
  const calls = new PageCalls(data);
  const state = new State(calls);
  showOpening(editor, state, data.texts);
  offerPages(editor);
  followNames(editor);
  editor.on("UI_Close", () => window.location.assign(data.closeUrl));
  editor.on("UI_Edit", () => {
    if (data.editUrl && window.top !== window) {
      window.open(data.editUrl, "_blank", "noopener"); // Another site's page is around this one.
    } else if (data.editUrl) {
      window.location.assign(data.editUrl);
    }
  });
  showSaved(state, data);
  showKept(state, calls, data.texts);
  keepSession(editor, calls, data);
  askForNames(editor, calls, data);
  if (data.canWait) {
    waitUntilFree(state, data.texts);
  }
  editor.open(byId("frame-holder"), form);
  state.look();

  // To be passed to the frame once, not on every reload (WOPI page "Building a host page").
  const url = new URL(window.location.href);
  url.searchParams.delete("wdPreviousSession");
  url.searchParams.delete("wdPreviousCorrelation");
  window.history.replaceState(window.history.state, "", url);
}

const elsewhere = chosenElsewhere();
if (elsewhere) {
  window.location.replace(elsewhere);
} else {
  open();
}
