// The end of a session: tokens are renewed in time, or the user is asked.
//
// The clock is looked at again and again, instead of being waited for: a laptop may have slept.

import { byId, fill, moment } from "./texts.js";

const LOOK_AFTER = 15000;
const AHEAD = 20 * 60000;

export const keepSession = (editor, calls, { endsIn, tokenMessage, texts }) => {
  const bar = byId("ending");
  const said = byId("ending-text");
  const signIn = byId("sign-in");
  const reload = byId("reload");
  const ahead = Math.min(AHEAD, endsIn / 4);
  let latest;
  let isWanted = false;
  // Then it is for the user to do something; what the page does by itself changes nothing.
  let isRefused = false;
  let isAsking = false;
  let dismissed = "";

  const show = (sentence, { canReload = true, ...values } = {}) => {
    const text = fill(sentence, values);
    if (text !== dismissed) {
      said.textContent = text;
      signIn.hidden = canReload;
      reload.hidden = !canReload;
      bar.hidden = false;
    }
  };
  byId("later").addEventListener("click", () => {
    dismissed = said.textContent;
    bar.hidden = true;
  });
  reload.addEventListener("click", () => window.location.reload());

  const hand = () => {
    if (latest && editor.isLoaded) {
      editor.post(tokenMessage, { token: latest.accessToken, ttl: latest.accessTokenTtl });
    }
  };

  const renew = async () => {
    const response = await calls.ask("/renewal", { method: "POST" });
    if (response.ok) {
      latest = await response.json();
      calls.renew(latest);
      isWanted = false;
      bar.hidden = true;
      hand();
    } else if (response.status === 401) {
      isRefused = true;
      show(texts.signInAgain, { canReload: false });
    } else if (response.status === 403) {
      isRefused = true;
      show(texts.noRightAnyMore);
    } else if (calls.isOver) {
      show(texts.ended);
    }
  };

  const look = async () => {
    if (isAsking || isRefused || !(isWanted || Date.now() >= calls.end - ahead)) {
      return;
    }
    if (!tokenMessage) {
      show(calls.isOver ? texts.ended : texts.ending, { time: moment(calls.end) });
      return;
    }
    isAsking = true;
    try {
      await renew();
    } catch {
      // The connector does not answer just now.
    }
    isAsking = false;
  };

  setInterval(look, LOOK_AFTER);
  // Somebody is back, from sleep or from signing in.
  const lookAgain = () => {
    isRefused = false;
    look();
  };
  document.addEventListener("visibilitychange", lookAgain);
  for (const event of ["focus", "online", "pageshow"]) {
    window.addEventListener(event, lookAgain);
  }

  if (tokenMessage) {
    // It has no ears for this before, nor while it connects anew.
    editor.onLoaded(hand);
    // Its server was refused a save, or will soon be.
    for (const message of ["App_TokenExpiring", "App_TokenExpired"]) {
      editor.on(message, () => {
        isWanted = true;
        look();
      });
    }
  }
  editor.on("Session_Closed", ({ Reason: reason }) => {
    // An idle editor says so itself, and goes on when it is clicked.
    if (reason !== "DocumentIdle") {
      show(texts.closed);
    }
  });
};
