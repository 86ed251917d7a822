// What is shown until the document is there, and what if it does not come.

import { byId, fill } from "./texts.js";

const SILENT_AFTER = 10000;
const STUCK_AFTER = 30000;

export const showOpening = (editor, state, texts) => {
  const loading = byId("loading");
  const trouble = byId("trouble");
  const silent = byId("silent");
  let isDismissed = false;
  // Whether it is the connector that has something to say, and not the editor.
  let isRefused = false;
  let asking;

  const uncover = () => {
    loading.hidden = true;
  };

  // Browsers say that a frame has loaded when it shows their own page about a server that is down.
  // What an office client says itself is the only sure sign, but not each of them says something:
  // so a bar asks the user, who can send it away.
  let isSettled = false;
  const settle = () => {
    isSettled = true;
    clearTimeout(asking);
    silent.hidden = true;
  };
  byId("dismiss").addEventListener("click", settle);
  const askAfter = (pause) => {
    clearTimeout(asking);
    if (!isSettled) {
      asking = setTimeout(() => {
        silent.hidden = !trouble.hidden;
      }, pause);
    }
  };
  editor.onAnything((messageId) => {
    // Of a step on the way the document need not follow.
    if (messageId !== "App_LoadingStatus") {
      settle();
    }
  });
  editor.onShown(() => {
    uncover();
    askAfter(SILENT_AFTER);
  });

  // A page that says what is wrong, in place of the editor's apology. Said once: whoever reads it is
  // not to be interrupted by the same again.
  let said = "";
  const show = (sentence, values) => {
    const text = fill(sentence, values);
    if (isDismissed || editor.isLoaded || text === said) {
      return;
    }
    said = text;
    settle();
    uncover();
    byId("trouble-text").textContent = text;
    editor.isCovered = true;
    if (trouble.hidden) {
      trouble.hidden = false;
      trouble.focus();
    }
  };
  const hide = () => {
    said = "";
    isRefused = false;
    trouble.hidden = true;
    editor.isCovered = false;
  };
  byId("trouble-hide").addEventListener("click", () => {
    isDismissed = true;
    hide();
    editor.focus();
  });

  editor.on("App_LoadingStatus", ({ Status: status }) => {
    uncover();
    editor.post("Host_PostmessageReady");
    if (status === "Failed") {
      show(texts.notLoaded);
    } else {
      askAfter(STUCK_AFTER);
    }
  });
  editor.on("Action_Load_Resp", ({ success, errorMsg }) => {
    if (success === false) {
      const said = typeof errorMsg === "string" && errorMsg;
      show(said ? texts.notLoadedBecause : texts.notLoaded, { reason: said });
    }
  });
  editor.onLoaded(() => {
    state.isOpening = false;
    settle();
    hide();
  });

  // What the connector refused to the office client, which tells nobody why; it may try again.
  state.on(({ trouble: what }) => {
    if (what && state.isOpening) {
      isRefused = true;
      show(what.endsWith(" 404") ? texts.gone : texts.notDelivered);
    } else if (!what && isRefused) {
      hide();
    }
  });
  // Not each office client says when it is done.
  setTimeout(() => {
    state.isOpening = false;
  }, 120000);
};
