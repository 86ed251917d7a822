// The host page: makes the office frame, hands it the access token, and listens to it.
//
// The frame is made here and not in the HTML because browsers would otherwise restore it with a
// former session's state (WOPI page "Building a host page").
"use strict";

(() => {
  const SLOW_AFTER = 20000;
  const SILENT_AFTER = 10000;
  const holder = document.getElementById("frame-holder");
  const form = document.getElementById("office-form");
  const loading = document.getElementById("loading");
  const { title, app, extension, origin, closeUrl, editUrl } = holder.dataset;

  // Which office client somebody chose is known to this tab alone, for as long as it is open. Where
  // there is no choice, because others are editing the file in one of them, it is not asked for.
  const CHOSEN = "nuxeo-wopi-client";
  const others = [...document.querySelectorAll("#clients a")];
  for (const link of others) {
    link.addEventListener("click", () => sessionStorage.setItem(CHOSEN, link.dataset.client));
  }
  if (others.length && !new URL(window.location.href).searchParams.has("client")) {
    const chosen = sessionStorage.getItem(CHOSEN);
    const preferred = others.find((link) => link.dataset.client === chosen);
    if (preferred) {
      window.location.replace(preferred.href);
      return;
    }
  }

  const frame = document.createElement("iframe");
  frame.name = form.target;
  frame.id = form.target;
  frame.title = title;
  frame.allowFullscreen = true;
  frame.allow = "clipboard-read *; clipboard-write *";
  frame.setAttribute(
    "sandbox",
    "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox" +
      " allow-top-navigation allow-downloads allow-modals",
  );

  const slow = setTimeout(() => {
    document.getElementById("slow").hidden = false;
  }, SLOW_AFTER);
  const uncover = () => {
    clearTimeout(slow);
    loading.hidden = true;
  };

  // Browsers say that a frame has loaded when it shows their own page about a server that is down.
  // What an office client says itself is the only sure sign, but not each of them says something:
  // so a bar asks the user, who can send it away.
  const silent = document.getElementById("silent");
  let asking;
  let settled = false;
  const settle = () => {
    settled = true;
    clearTimeout(asking);
    silent.hidden = true;
  };
  const ask = () => {
    silent.hidden = false;
  };
  document.getElementById("dismiss").addEventListener("click", settle);

  const isBlank = () => {
    try {
      return frame.contentWindow.location.href === "about:blank";
    } catch {
      return false; // Somebody else's page by now.
    }
  };
  frame.addEventListener("load", () => {
    if (isBlank()) {
      return;
    }
    uncover();
    clearTimeout(asking);
    asking = settled ? undefined : setTimeout(ask, SILENT_AFTER);
  });

  const post = (messageId, values) => {
    const message = { MessageId: messageId, SendTime: Date.now(), Values: values };
    frame.contentWindow.postMessage(JSON.stringify(message), origin);
  };

  // Nuxeo has pages for these. A browser may take a tab that the frame asks for for something that
  // nobody has asked for; then a link is offered.
  const elsewhere = document.getElementById("elsewhere");
  const offer = (id) => {
    const link = document.getElementById(id);
    const tab = link && window.open(link.href, "_blank");
    if (tab) {
      tab.opener = null;
    } else if (link) {
      link.hidden = false;
      elsewhere.hidden = false;
    }
  };
  const stay = () => {
    elsewhere.hidden = true;
  };
  for (const each of elsewhere.querySelectorAll("a, button")) {
    each.addEventListener("click", stay);
  }

  // The new name comes without the extension, which a rename cannot change.
  const renamed = (name) => {
    if (typeof name === "string" && name) {
      document.title = `${name}${extension} – ${app}`;
      frame.title = document.title;
    }
  };

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow) {
      return;
    }
    settle();
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return; // Not one of the documented messages, which are all JSON text.
    }
    switch (message?.MessageId) {
      case "App_LoadingStatus":
        uncover();
        post("Host_PostmessageReady", {});
        break;
      case "UI_Close":
        window.location.assign(closeUrl);
        break;
      case "UI_FileVersions":
        offer("versions");
        break;
      case "UI_Sharing":
      case "UI_Share":
        offer("sharing");
        break;
      case "UI_Edit":
        if (editUrl) {
          window.location.assign(editUrl);
        }
        break;
      case "File_Rename":
        renamed(message.Values?.NewName);
        break;
    }
  });

  holder.append(frame);
  form.submit();
  // The token has been handed over; nothing on this page needs it any more.
  form.remove();

  // To be passed to the frame once, not on every reload (WOPI page "Building a host page").
  const url = new URL(window.location.href);
  url.searchParams.delete("wdPreviousSession");
  url.searchParams.delete("wdPreviousCorrelation");
  window.history.replaceState(window.history.state, "", url);
})();
