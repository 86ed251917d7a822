// The page of the demo office: shows blocks of text, sends back what was changed.
//
// All WOPI calls are made by the office's server; this page only knows the session id.

import { Page } from "./blocks.js";
import { showCalls } from "./calls.js";
import { download, downloadText, plainText } from "./copy.js";
import { byId } from "./element.js";
import { Saver } from "./saver.js";

const ENDED =
  "This session has ended. Open the document again to go on;" +
  " what you typed and is not saved can be downloaded first.";
const CHANGED =
  "Somebody else changed the document meanwhile." +
  " These texts of yours have no place in it any more:";
const NO_OFFICE = "the demo office does not answer";
const SAVE_WITHIN = 90000;
const CLOSE_WITHIN = 15000;

const state = JSON.parse(byId("data").textContent);
let kept = []; // texts that found no place after somebody else's changes
let connected = true;

const saver = new Saver(state, sendTexts, showSaved);
const page = new Page(byId("document"), noteChange, (key) => saver.has(key));
leaving.texts = () => saver.texts; // leaving.js, which was here first

const url = (what) => `/session/${state.id}/${what}`;
const send = (what, body = {}, within = SAVE_WITHIN) =>
  fetch(url(what), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(within),
  });

// --- what is shown -----------------------------------------------------------------------------

function say(status) {
  byId("status").textContent = status;
  byId("save").disabled = !saver.dirty;
}

function showNotice(text, { retry = false, copy = false, leave = false } = {}) {
  byId("notice").hidden = !text;
  byId("why").textContent = text ?? "";
  byId("retry").hidden = !retry;
  byId("copy").hidden = !copy;
  byId("copy").textContent = kept.length ? "Download these texts" : "Download a copy";
  byId("leave").hidden = !leave;
  byId("kept").hidden = !kept.length;
  byId("kept").textContent = kept.join("\n\n");
}

function show() {
  byId("save").hidden = !state.editable;
  page.show(state.blocks, state);
  showCalls(state.calls, state.version);
  showNotice(state.notice, { retry: state.canRetry });
  say(state.editable ? "Saves by itself as you type" : "Reading only");
}

// The lock is gone. What was typed stays where it is.
function showLockLost() {
  saver.stop();
  page.lock();
  byId("save").hidden = true;
  say(saver.dirty ? "Not saved" : "Reading only");
  showNotice(state.notice, { retry: state.canRetry, copy: saver.dirty });
}

// The office knows nothing of this page any more.
function showEnded() {
  saver.stop();
  page.lock();
  byId("save").hidden = true;
  say(saver.dirty ? "Not saved" : "Ended");
  showNotice(ENDED, { copy: true });
}

// --- saving ------------------------------------------------------------------------------------

function noteChange(key, text) {
  saver.note(key, text);
  say("Not saved yet");
}

async function sendTexts(texts) {
  say("Saving…");
  try {
    const response = await send("save", { texts });
    if (response.status === 410) {
      return { ok: false, ended: true };
    }
    if (!response.ok) {
      throw new Error(response.statusText);
    }
    return await response.json();
  } catch {
    return { ok: false, passing: true, message: `Not saved: ${NO_OFFICE}.` };
  }
}

function showSaved(answer, sent) {
  showCalls(answer.calls ?? [], answer.version ?? state.version);
  if (answer.ok) {
    page.saved(sent, answer.keys, answer.blocks);
    if (!kept.length) {
      showNotice(null);
    }
    say(saver.dirty ? "Not saved yet" : `Saved at ${answer.savedAt}`);
    return;
  }
  if (answer.ended) {
    showEnded();
    return;
  }
  if (answer.editable === false && state.editable) {
    Object.assign(state, { editable: false, canRetry: answer.canRetry, notice: answer.notice });
    showLockLost();
    return;
  }
  say("Not saved");
  const later = answer.passing ? " It is tried again by itself." : "";
  showNotice(answer.message + later, { retry: true, copy: true });
}

async function downloadCopy() {
  if (kept.length) {
    downloadText(state.name, `${kept.join("\n\n")}\n`);
    kept = [];
    showNotice(null);
    return;
  }
  try {
    const response = await send("copy", { texts: saver.texts }, CLOSE_WITHIN);
    if (!response.ok) {
      throw new Error(response.statusText);
    }
    download(state.name, await response.blob());
  } catch {
    downloadText(state.name, plainText(page));
    byId("why").textContent =
      `The demo office could not make the file, so you have your text alone: ${state.name}.txt`;
  }
}

async function tryAgain() {
  if (state.editable) {
    await saver.save();
    return;
  }
  // What is on the page now may be replaced soon.
  byId("document").inert = true;
  await lockAgain();
  byId("document").inert = false;
}

async function lockAgain() {
  let now;
  try {
    const response = await send("edit");
    if (response.status === 410) {
      showEnded();
      return;
    }
    now = await response.json();
  } catch {
    showNotice(`It did not work: ${NO_OFFICE}.`, { retry: true, copy: saver.dirty });
    return;
  }
  if (now.editable) {
    editAgain(now);
    return;
  }
  showCalls(now.calls, now.version);
  showNotice(now.notice, { retry: now.canRetry || saver.dirty, copy: saver.dirty });
}

// The document is locked again: put back what was typed, where nobody else wrote meanwhile.
function editAgain(now) {
  const before = new Map(page.blocks.map(({ key, text }) => [key, text]));
  const after = new Map(now.blocks.map(({ key, text }) => [key, text]));
  Object.assign(state, now);
  const texts = saver.take();
  show();
  for (const [key, text] of texts) {
    if (key.startsWith("new-")) {
      page.add(text, key);
      noteChange(key, text);
    } else if (after.get(key) === before.get(key)) {
      page.put(key, text);
      noteChange(key, text);
    } else if (after.get(key) !== text) {
      kept.push(text);
    }
  }
  if (kept.length) {
    showNotice(CHANGED, { copy: true });
  }
  saver.start();
  saver.save();
}

// --- leaving -----------------------------------------------------------------------------------

function tell(messageId, values = {}) {
  if (state.hostOrigin && window.parent !== window) {
    const message = { MessageId: messageId, SendTime: Date.now(), Values: values };
    window.parent.postMessage(JSON.stringify(message), state.hostOrigin);
  }
}

async function close() {
  while (saver.dirty) {
    if (!(await saver.save())) {
      byId("copy").hidden = byId("leave").hidden = false;
      byId("leave").focus();
      return; // The notice says why.
    }
  }
  if (kept.length) {
    byId("leave").hidden = false;
    byId("leave").focus();
    return;
  }
  await leave();
}

async function leave() {
  leaving.told = true;
  saver.stop();
  try {
    await send("close", {}, CLOSE_WITHIN);
  } catch {
    // Then the host's lock ends by itself.
  }
  page.lock();
  byId("save").disabled = byId("close").disabled = true;
  byId("status").textContent = "Closed";
  if (state.closeByMessage) {
    tell("UI_Close");
  } else if (state.closeUrl) {
    window.top.location.href = state.closeUrl;
  } else {
    showNotice("The document is closed. You can close this tab.");
  }
}

window.addEventListener("beforeunload", (event) => {
  if (!leaving.told && (saver.dirty || kept.length)) {
    saver.save();
    event.preventDefault();
  }
});

// --- all the time ------------------------------------------------------------------------------

async function heartbeat() {
  if (leaving.told) {
    return;
  }
  try {
    const response = await fetch(url("state"), { signal: AbortSignal.timeout(CLOSE_WITHIN) });
    if (response.status === 410) {
      showEnded();
      return;
    }
    const now = await response.json();
    showCalls(now.calls, now.version);
    if (!connected) {
      connected = true;
      say(saver.dirty ? "Not saved yet" : "Connected again");
    }
    if (state.editable && !now.editable) {
      Object.assign(state, now);
      showLockLost();
    }
  } catch {
    connected = false;
    say(saver.dirty ? `Not saved: ${NO_OFFICE}` : "No connection to the demo office");
  }
}

function toggleCalls(open) {
  document.body.classList.toggle("with-calls", open);
  byId("show-calls").setAttribute("aria-expanded", document.body.classList.contains("with-calls"));
}

byId("save").addEventListener("click", () => saver.save());
byId("close").addEventListener("click", close);
byId("leave").addEventListener("click", leave);
byId("retry").addEventListener("click", tryAgain);
byId("copy").addEventListener("click", downloadCopy);
byId("show-calls").addEventListener("click", () => toggleCalls());
window.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    saver.save();
  } else if (event.key === "Escape") {
    toggleCalls(false);
  }
});
setInterval(heartbeat, state.heartbeat);
show();
tell("App_LoadingStatus", { Status: "Document_Loaded" });
