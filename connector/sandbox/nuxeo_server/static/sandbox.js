// Marks the document that the address names, as Web UI would open it: #!/doc/[<repository>/]<uid>.
"use strict";

const mark = () => {
  const uid = window.location.hash.match(/^#!\/doc\/(?:[^/]+\/)?([\w-]+)$/)?.[1];
  for (const row of document.querySelectorAll(".row")) {
    const wanted = row.id === `doc-${uid}`;
    row.classList.toggle("marked", wanted);
    if (wanted) {
      row.scrollIntoView({ block: "center" });
    }
  }
};
window.addEventListener("hashchange", mark);
// Coming back from an editor by the browser's button: show what has changed.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
mark();
