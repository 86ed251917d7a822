// The page of the demo office: shows blocks of text, sends back what was changed.
//
// All WOPI calls are made by the office's server; this page only knows the session id.

const state = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const area = $("document");
const changed = new Map(); // key -> text, not saved yet
let timer = null;
let saving = null;
let closed = false;

const url = (what) => `/session/${state.id}/${what}`;
const send = (what, body) =>
  fetch(url(what), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });

// --- what is shown -----------------------------------------------------------------------------

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function blockElement(block, index) {
  const isCell = block.kind === "cell" || block.kind === "formula";
  const made = element("div", { className: `block ${block.kind}`, textContent: block.text });
  made.dataset.paragraph = index;
  made.dataset.key = block.key;
  if (state.editable) {
    made.contentEditable = "plaintext-only";
    made.setAttribute("role", "textbox");
    if (!isCell) {
      made.setAttribute("aria-multiline", "true");
    }
    made.setAttribute("aria-label", isCell ? `Cell ${block.key.split("!")[1]}` : `Paragraph ${index + 1}`);
    made.addEventListener("input", () => noteChange(block.key, made.innerText.replace(/\n$/, "")));
  }
  return made;
}

function render() {
  area.replaceChildren();
  const blocks = state.blocks.map((block, index) => ({ block, made: blockElement(block, index) }));
  const groups = Map.groupBy ? Map.groupBy(blocks, ({ block }) => block.group) : grouped(blocks);
  for (const [name, members] of groups) {
    const isSheet = members[0].block.kind === "cell" || members[0].block.kind === "formula";
    const sheet = element("section", { className: name ? (isSheet ? "sheet" : "slide") : "sheet-of-paper" });
    if (name) {
      sheet.append(element("h2", { textContent: name }));
    }
    if (isSheet) {
      sheet.append(table(members));
    } else {
      sheet.append(...members.map(({ made }) => made));
    }
    if (!name && state.growing && state.editable) {
      const add = element("button", { className: "quiet add", textContent: "Add a paragraph" });
      add.addEventListener("click", () => addParagraph(sheet, add));
      sheet.append(add);
    }
    area.append(sheet);
  }
}

function grouped(items) {
  const groups = new Map();
  for (const item of items) {
    const members = groups.get(item.block.group) ?? [];
    members.push(item);
    groups.set(item.block.group, members);
  }
  return groups;
}

function table(members) {
  const rows = new Map();
  for (const { block, made } of members) {
    const row = rows.get(block.row) ?? element("tr", {}, element("th", { scope: "row", textContent: block.row }));
    row.append(element("td", {}, made));
    rows.set(block.row, row);
  }
  const scroller = element("div", { className: "scroller" }, element("table", {}, ...rows.values()));
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "group");
  scroller.setAttribute("aria-label", "Sheet");
  return scroller;
}

function addParagraph(sheet, before) {
  const number = [...changed.keys()].filter((key) => key.startsWith("new-")).length;
  const made = blockElement({ key: `new-${number}`, text: "", kind: "text" }, state.blocks.length + number);
  sheet.insertBefore(made, before);
  made.focus();
  noteChange(`new-${number}`, "");
}

function showCalls() {
  $("calls").replaceChildren(
    ...state.calls.map((call) => {
      const good = call.status >= 200 && call.status < 300;
      const item = element(
        "li",
        {},
        element("span", { className: `code ${good ? "good" : "bad"}`, textContent: call.status || "–" }),
        element("strong", { textContent: call.operation }),
        element("small", { textContent: `${call.milliseconds} ms · ${call.at}` }),
      );
      const told = Object.entries(call.headers);
      if (told.length) {
        const list = told.map(([name, value]) => element("p", {}, element("b", { textContent: `${name}: ` }), value || "(empty)"));
        item.append(element("details", {}, element("summary", { textContent: "Headers" }), ...list));
      }
      return item;
    }),
  );
  $("version").textContent = state.version || "–";
}

function showNotice(text, { retry = false, copy = false } = {}) {
  $("notice").hidden = !text;
  $("notice").firstElementChild.textContent = text ?? "";
  $("retry").hidden = !retry;
  $("copy").hidden = !copy;
}

function show() {
  $("save").hidden = !state.editable;
  render();
  showCalls();
  showNotice(state.notice, { retry: state.canRetry });
  $("status").textContent = state.editable ? "Opened for editing" : "Reading only";
}

// --- saving ------------------------------------------------------------------------------------

function noteChange(key, text) {
  changed.set(key, text);
  $("status").textContent = "Not saved yet";
  $("save").disabled = false;
  clearTimeout(timer);
  timer = setTimeout(save, state.autosave);
}

function save() {
  // One at a time; what is typed meanwhile goes with the next.
  saving = (saving ?? Promise.resolve()).then(saveNow);
  return saving;
}

async function saveNow() {
  clearTimeout(timer);
  if (!changed.size) {
    return true;
  }
  const sent = new Map(changed);
  $("status").textContent = "Saving…";
  let answer;
  try {
    answer = await (await send("save", { texts: Object.fromEntries(sent) })).json();
  } catch {
    answer = { ok: false, message: "Not saved: the demo office does not answer." };
  }
  state.calls = answer.calls ?? state.calls;
  if (!answer.ok) {
    $("status").textContent = "Not saved";
    showNotice(answer.message, { retry: true, copy: true });
    showCalls();
    return false;
  }
  for (const [key, text] of sent) {
    if (changed.get(key) === text) {
      changed.delete(key);
    }
  }
  const grown = answer.blocks.length !== state.blocks.length;
  state.blocks = answer.blocks;
  state.version = answer.version;
  showCalls();
  showNotice(state.notice, { retry: state.canRetry });
  if (grown && !changed.size) {
    const caret = document.activeElement?.dataset?.paragraph;
    render();
    area.querySelector(`[data-paragraph='${caret}']`)?.focus();
  }
  $("save").disabled = changed.size === 0;
  $("status").textContent = changed.size ? "Not saved yet" : `Saved at ${answer.savedAt}`;
  return true;
}

async function downloadCopy() {
  const response = await send("copy", { texts: Object.fromEntries(changed) });
  if (!response.ok) {
    return;
  }
  const link = element("a", { href: URL.createObjectURL(await response.blob()), download: state.name });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function tryAgain() {
  if (changed.size) {
    await save();
    return;
  }
  const response = await send("edit");
  if (response.ok) {
    Object.assign(state, await response.json());
    show();
  }
}

// --- the host page -----------------------------------------------------------------------------

function tell(messageId, values = {}) {
  if (state.hostOrigin && window.parent !== window) {
    const message = { MessageId: messageId, SendTime: Date.now(), Values: values };
    window.parent.postMessage(JSON.stringify(message), state.hostOrigin);
  }
}

async function close() {
  if (changed.size && !(await save())) {
    return; // The notice says why, and how to keep the text.
  }
  closed = true;
  await send("close");
  $("status").textContent = "Closed";
  if (state.closeByMessage) {
    tell("UI_Close");
  } else if (state.closeUrl) {
    window.top.location.href = state.closeUrl;
  }
}

window.addEventListener("message", (event) => {
  if (event.origin !== state.hostOrigin || event.source !== window.parent) {
    return;
  }
  // Host_PostmessageReady is the only one that a host sends here, and asks for nothing.
});

window.addEventListener("pagehide", () => {
  if (!closed) {
    navigator.sendBeacon(url("close"));
  }
});

async function heartbeat() {
  try {
    const response = await fetch(url("state"));
    if (response.status === 410 && !closed) {
      showNotice("This session has ended. Open the document again to go on.", { copy: changed.size > 0 });
      return;
    }
    const now = await response.json();
    state.calls = now.calls;
    if (state.editable && !now.editable) {
      Object.assign(state, now);
      show();
    }
    showCalls();
  } catch {
    $("status").textContent = "No connection to the demo office";
  }
}

$("save").addEventListener("click", save);
$("close").addEventListener("click", close);
$("retry").addEventListener("click", tryAgain);
$("copy").addEventListener("click", downloadCopy);
$("show-calls").addEventListener("click", () => {
  const open = document.body.classList.toggle("with-calls");
  $("show-calls").setAttribute("aria-expanded", open);
});
window.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    save();
  }
});
setInterval(heartbeat, state.heartbeat);
show();
tell("App_LoadingStatus", { Status: "Document_Loaded" });
