// Copies for the user to keep.

import { element } from "./element.js";

export function downloadText(name, text) {
  download(`${name}.txt`, new Blob([text], { type: "text/plain;charset=utf-8" }));
}

export function download(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The text of a document alone: paragraphs as lines, cells of a row with tabs between them.
export function plainText(page) {
  const lines = [];
  let row = null;
  for (const block of page.blocks) {
    if (block.kind === "note" || block.kind === "table") {
      continue;
    }
    if (block.place && row === `${block.group} ${block.place[0]}`) {
      lines.push(`${lines.pop()}\t${page.text(block)}`);
    } else {
      lines.push(page.text(block));
    }
    row = block.place ? `${block.group} ${block.place[0]}` : null;
  }
  return `${lines.join("\n")}\n`;
}
