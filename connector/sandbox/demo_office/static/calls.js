// The panel with the WOPI calls that the office's server made.

import { byId, element } from "./element.js";

const SHOWN = 200;
let last = 0;

export function showCalls(calls, version) {
  const list = byId("calls");
  // Only what is new, so that what somebody opened stays open. The newest comes first.
  const items = calls.filter(({ number }) => number > last).map(callElement);
  last = Math.max(last, ...calls.map(({ number }) => number));
  list.prepend(...items);
  while (list.children.length > SHOWN) {
    list.lastElementChild.remove();
  }
  byId("version").textContent = byId("version").title = version || "–";
}

function callElement({ status, operation, milliseconds, at, headers }) {
  const good = status >= 200 && status < 300;
  const item = element(
    "li",
    {},
    element("span", { className: `code ${good ? "good" : "bad"}`, textContent: status || "none" }),
    element("strong", { textContent: operation }),
    element("small", { textContent: `${milliseconds} ms · ${at}` }),
  );
  const told = Object.entries(headers);
  if (told.length) {
    const lines = told.map(([name, value]) =>
      element("p", {}, element("b", { textContent: `${name}: ` }), value || "(empty)"),
    );
    item.append(element("details", {}, element("summary", { textContent: "Headers" }), ...lines));
  }
  return item;
}
