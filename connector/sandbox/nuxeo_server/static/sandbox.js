// The start page: marks the document that the address names, as Web UI would open it, and shows
// what has changed when somebody comes back to it. The login page: remembers that address.
"use strict";

// Web UI's addresses of documents: #!/doc/[<repository>/]<uid>.
const mark = () => {
  const uid = window.location.hash.match(/^#!\/doc\/(?:[^/]+\/)?([\w-]+)$/)?.[1];
  for (const row of document.querySelectorAll(".row")) {
    row.classList.toggle("marked", row.id === `doc-${uid}`);
  }
};

const show = () => {
  mark();
  document.querySelector(".marked")?.scrollIntoView({ block: "center" });
};

const keepUpToDate = (main) => {
  let shown = main.innerHTML;
  const refresh = async () => {
    const response = await fetch(window.location.pathname).catch(() => null);
    if (!response?.ok) {
      return; // The sandbox has ended; what is shown is as good as anything.
    }
    if (response.redirected) {
      window.location.reload(); // To the login page.
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("main").innerHTML;
    // Only what has changed is replaced: a link must not go away under the mouse.
    if (fresh !== shown) {
      shown = fresh;
      main.innerHTML = fresh;
      mark();
    }
  };
  window.addEventListener("focus", refresh);
  window.addEventListener("pageshow", (event) => event.persisted && refresh());
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
};

// The server never sees the part of the address behind the #; browsers keep it on the way here.
const comeBack = (field) => {
  if (window.location.hash && !field.value.includes("#")) {
    field.value = (field.value || "ui/") + window.location.hash;
  }
};

const documents = document.querySelector("main.documents");
if (documents) {
  keepUpToDate(documents);
  window.addEventListener("hashchange", show);
  show();
}
document.querySelectorAll("input[name=requestedUrl]").forEach(comeBack);
