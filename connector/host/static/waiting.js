// Somebody else has the document: tells the user when it is free.

import { byId, fill } from "./texts.js";

export const waitUntilFree = (state, texts) => {
  const button = byId("wait");
  const waiting = byId("waiting");
  const free = byId("free");
  let notice;

  button.addEventListener("click", async () => {
    button.hidden = true;
    waiting.hidden = false;
    // The button that had it is gone.
    waiting.focus();
    state.isWaiting = true;
    state.look();
    if ("Notification" in window && Notification.permission === "default") {
      // Asked here, because browsers want a click before it. Without it the page says it itself.
      await Notification.requestPermission();
    }
  });

  state.on(({ free: isFree, holder }) => {
    if (!state.isWaiting || isFree === undefined) {
      return;
    }
    if (holder) {
      waiting.textContent = fill(texts.waitingFor, { name: holder });
    }
    if (isFree && free.hidden) {
      state.isWaiting = false;
      byId("notice").hidden = true;
      free.hidden = false;
      document.title = `● ${document.title}`;
      if ("Notification" in window && Notification.permission === "granted") {
        notice = new Notification(fill(texts.free));
        notice.addEventListener("click", () => window.focus());
      }
    }
  });
  window.addEventListener("pagehide", () => notice?.close());
};
