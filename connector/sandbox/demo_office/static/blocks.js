// The blocks of a document, as paper, slides or sheets.

import { element } from "./element.js";

const LOOKS_LIKE_HEADING = ["heading", "title", "subtitle"];
const EDITABLE = (() => {
  const probe = document.createElement("div");
  try {
    probe.contentEditable = "plaintext-only";
  } catch {
    // Not known to this browser.
  }
  return probe.contentEditable === "plaintext-only" ? "plaintext-only" : "true";
})();

export class Page {
  #area;
  #onInput;
  #isPending;
  #elements = new Map(); // key -> element
  #cells = new Map(); // "group row column" -> element
  #count = 0;
  #added = 0;
  blocks = [];

  // onInput(key, text) is called when something is typed; isPending(key) says whether it is unsaved.
  constructor(area, onInput, isPending) {
    this.#area = area;
    this.#onInput = onInput;
    this.#isPending = isPending;
  }

  show(blocks, { editable, growing }) {
    this.blocks = blocks;
    this.#elements.clear();
    this.#cells.clear();
    this.#count = 0;
    const sections = [...groups(blocks)].map(([name, members]) => {
      if (members.some(({ place }) => place)) {
        return this.#sheet(name, members, editable);
      }
      return name ? this.#slide(name, members, editable) : this.#paper(members, editable, growing);
    });
    this.#area.replaceChildren(...sections);
  }

  // What stands in a block now, typed or not.
  text(block) {
    const made = this.#elements.get(block.key);
    return made && this.#isPending(block.key) ? textOf(made) : block.text;
  }

  put(key, text) {
    fill(this.#elements.get(key), text);
  }

  lock() {
    this.#area.querySelector(".add")?.remove();
    for (const made of this.#elements.values()) {
      made.readOnly = true;
      made.contentEditable = "false";
      made.setAttribute("aria-readonly", "true");
    }
  }

  add(text = "", key = `new-${this.#added++}`) {
    const block = { key, text: "", kind: "text" };
    const made = this.#block(block, true);
    fill(made, text);
    this.blocks.push(block);
    this.#area.querySelector(".add").before(made);
    return made;
  }

  // What was sent is what the file says now; `keys` are new names, `blocks` what looks different.
  saved(sent, keys, blocks) {
    for (const block of this.blocks) {
      block.text = sent.get(block.key) ?? block.text;
      const key = keys[block.key];
      if (key) {
        const made = this.#elements.get(block.key);
        this.#elements.delete(block.key);
        this.#elements.set(key, made);
        made.dataset.key = block.key = key;
      }
    }
    const byKey = new Map(this.blocks.map((block) => [block.key, block]));
    for (const now of blocks) {
      const block = byKey.get(now.key);
      const made = this.#elements.get(now.key);
      Object.assign(block, { kind: "cell", numeric: false, shown: "" }, now);
      decorate(made, block);
      if (!this.#isPending(now.key) && document.activeElement !== made) {
        fill(made, block.shown || block.text);
      }
    }
  }

  #paper(members, editable, growing) {
    const paper = element("section", { className: "paper" });
    paper.append(...members.map((block) => this.#any(block, editable)));
    if (growing && editable) {
      const add = element("button", { className: "quiet add", textContent: "+ Add a paragraph" });
      add.addEventListener("click", () => this.add().focus());
      paper.append(add);
    }
    return paper;
  }

  #slide(name, members, editable) {
    const opening = members.some(({ kind }) => kind === "subtitle");
    const slide = element("div", { className: opening ? "slide opening" : "slide" });
    const section = element("section", { className: "group" }, element("h2", { textContent: name }), slide);
    for (const block of members) {
      (block.kind === "note" ? section : slide).append(this.#any(block, editable));
    }
    return section;
  }

  #sheet(name, members, editable) {
    const rows = new Map();
    let columns = 0;
    const notes = [];
    for (const block of members) {
      if (!block.place) {
        notes.push(this.#any(block, editable));
        continue;
      }
      const [row, column, high, wide] = block.place;
      const made = this.#block(block, editable);
      const cell = element("td", { rowSpan: high, colSpan: wide }, made);
      if (block.colors) {
        [cell.style.backgroundColor, cell.style.color] = block.colors;
      }
      if (!rows.has(row)) {
        rows.set(row, element("tr", {}, element("th", { scope: "row", textContent: row })));
      }
      rows.get(row).append(cell);
      columns = Math.max(columns, column + wide - 1);
      this.#cells.set(`${name} ${row} ${column}`, made);
      made.addEventListener("keydown", (event) => this.#move(event, name, block.place));
    }
    const letters = Array.from({ length: columns }, (_, index) =>
      element("th", { scope: "col", textContent: String.fromCharCode(65 + index) }),
    );
    const head = element("thead", {}, element("tr", {}, element("td"), ...letters));
    const table = element("table", {}, head, element("tbody", {}, ...rows.values()));
    const scroller = element("div", { className: "scroller", tabIndex: 0 }, table);
    scroller.setAttribute("role", "group");
    scroller.setAttribute("aria-label", `Sheet ${name}`);
    const title = element("h2", { textContent: name });
    return element("section", { className: "group sheet" }, title, scroller, ...notes);
  }

  #move(event, name, [row, column, high]) {
    const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
    if (!up && event.key !== "ArrowDown" && event.key !== "Enter") {
      return;
    }
    event.preventDefault();
    const next = this.#cells.get(`${name} ${up ? row - 1 : row + high} ${column}`);
    if (next) {
      next.focus();
      window.getSelection().selectAllChildren(next);
    }
  }

  #any(block, editable) {
    if (block.kind === "note") {
      return element("p", { className: "note", textContent: block.text });
    }
    if (block.kind === "table") {
      const rows = block.rows.map((row) =>
        element("tr", {}, ...row.map((text) => element("td", { textContent: text }))),
      );
      return element("div", { className: "scroller" }, element("table", {}, element("tbody", {}, ...rows)));
    }
    return this.#block(block, editable);
  }

  #block(block, editable) {
    const writable = editable && !block.locked;
    const tag = tagOf(block, editable);
    const made = element(tag);
    made.dataset.paragraph = this.#count++;
    made.dataset.key = block.key;
    this.#elements.set(block.key, made);
    decorate(made, block);
    fill(made, block.shown || block.text, block.place ? [] : block.spans);
    made.setAttribute("aria-label", labelOf(block, made.dataset.paragraph));
    if (tag === "textarea") {
      made.readOnly = !writable;
    } else if (writable) {
      made.contentEditable = EDITABLE;
    }
    if (tag === "div" && editable) {
      made.setAttribute("role", "textbox");
      made.setAttribute("aria-multiline", block.place ? "false" : "true");
      made.setAttribute("aria-readonly", writable ? "false" : "true");
    } else if (tag === "div") {
      made.removeAttribute("aria-label");
    }
    if (editable && block.locked) {
      made.title = "This can only be read here";
    }
    made.addEventListener("input", () => this.#onInput(made.dataset.key, textOf(made)));
    if (block.place) {
      // The formula while it is edited, its result otherwise.
      const idle = () => block.shown && !this.#isPending(block.key);
      made.addEventListener("focus", () => idle() && fill(made, block.text));
      made.addEventListener("blur", () => idle() && fill(made, block.shown));
    }
    return made;
  }
}

function* groups(blocks) {
  let members = [];
  for (const block of blocks) {
    if (members.length && (members[0].group ?? "") !== (block.group ?? "")) {
      yield [members[0].group ?? "", members];
      members = [];
    }
    members.push(block);
  }
  yield [members[0]?.group ?? "", members];
}

function tagOf(block, editable) {
  if (block.kind === "plain") {
    return "textarea";
  }
  return !editable && LOOKS_LIKE_HEADING.includes(block.kind) ? "h3" : "div";
}

function labelOf(block, index) {
  return block.place ? `Cell ${block.key.split("!")[1]}` : `Paragraph ${Number(index) + 1}`;
}

function decorate(made, block) {
  const looks = block.place && block.spans ? block.spans[0][1] : "";
  const level = block.level ? `level-${Math.min(block.level, 4)}` : "";
  const number = block.numeric ? "number" : "";
  const locked = block.locked ? "locked" : "";
  made.className = ["block", block.kind ?? "text", level, looks, number, locked].filter(Boolean).join(" ");
}

function fill(made, text, spans = []) {
  if (made.localName === "textarea") {
    made.defaultValue = made.value = text;
    return;
  }
  const parts = spans.length ? spans : [[text, ""]];
  // A line break at the end is only seen if something follows; see textOf().
  const end = text.endsWith("\n") ? ["\n"] : [];
  made.replaceChildren(
    ...parts.map(([part, looks]) =>
      looks ? element("span", { className: looks, textContent: part }) : part,
    ),
    ...end,
  );
}

function textOf(made) {
  // Browsers end what is typed with a line break of their own.
  return made.localName === "textarea" ? made.value : made.innerText.replace(/\n$/, "");
}
