// Tells the office that its page is left, so that the document is given back at once.
//
// It runs before the page is shown: modules come later, and somebody may leave before they are here.

"use strict";

const leaving = {
  told: false, // The office knows already.
  texts: () => ({}), // What is not saved yet.
};

window.addEventListener("pagehide", () => {
  if (leaving.told) {
    return;
  }
  const { id } = JSON.parse(document.getElementById("data").textContent);
  const body = new Blob([JSON.stringify({ texts: leaving.texts() })], { type: "application/json" });
  navigator.sendBeacon(`/session/${id}/close`, body);
});
