// The end of a session: tokens are renewed in time, or the user is asked.
//
// The clock is looked at again and again, instead of being waited for: a laptop may have slept.

import { byId, fill, moment } from "./texts.js";

const LOOK_AFTER = 15000;
const AHEAD = 20 * 60000;
// However often an editor asks for a token.
const ONCE_IN = 10000;

export const keepSession = (editor, calls, { endsIn, isEditing, tokenMessage, texts }) => {
  const bar = byId("ending");
  const said = byId("ending-text");
  const signIn = byId("sign-in");
  const reload = byId("reload");
  const ahead = Math.min(AHEAD, endsIn / 4);
  let latest;
  let isWanted = false;
  // Then it is for the user to do something; what the page does by itself changes nothing.
  let isRefused = false;
  let needsSignIn = false;
  let isAsking = false;
  let askedAt = -Infinity;
  let isClosed = false;
  let dismissed = "";

  const show = (sentence, { canReload = true, ...values } = {}) => {
    const text = fill(sentence, values);
    // Not set anew to what it is, or a screen reader would say it again every time.
    if (text !== dismissed && (bar.hidden || text !== said.textContent)) {
      said.textContent = text;
      signIn.hidden = canReload;
      reload.hidden = !canReload;
      bar.hidden = false;
    }
  };
  const hide = () => {
    dismissed = "";
    bar.hidden = true;
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

  const refusals = {
    signIn: () => show(texts.signInAgain, { canReload: false }),
    otherUser: () => show(texts.signInAsYourself, { canReload: false }),
    noRight: () => show(texts.noRightAnyMore),
    tooOld: () => show(texts.ended),
  };

  const renew = async () => {
    const response = await calls.ask("/renewal", { method: "POST" });
    if (response.ok) {
      latest = await response.json();
      calls.renew(latest);
      isWanted = needsSignIn = false;
      hand();
      if (!isClosed) {
        hide();
      }
      return;
    }
    const { reason } = await response.json();
    isRefused = reason in refusals;
    needsSignIn = reason === "signIn" || reason === "otherUser";
    refusals[reason]?.();
  };

  const look = async () => {
    const isNear = isWanted || Date.now() >= calls.end - ahead;
    if (isAsking || !isNear) {
      return;
    }
    if (!tokenMessage) {
      // Who only reads loses nothing.
      if (calls.isOver) {
        show(isEditing ? texts.ended : texts.tooOld);
      } else if (isEditing) {
        show(texts.ending, { time: moment(calls.end) });
      }
      return;
    }
    const now = Date.now();
    if (!isRefused && !(now < askedAt + ONCE_IN && now >= askedAt)) {
      askedAt = now;
      isAsking = true;
      try {
        await renew();
      } catch {
        // The connector does not answer just now.
      }
      isAsking = false;
    }
    // Whatever is in the way, and whatever was put off: typing on would be in vain.
    if (calls.isOver && bar.hidden) {
      show(texts.ended, { canReload: !needsSignIn });
    }
  };

  setInterval(look, LOOK_AFTER);
  // Somebody is back, from sleep or from signing in.
  const lookAgain = () => {
    if (isRefused) {
      isRefused = false;
      askedAt = -Infinity;
    }
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
      isClosed = true;
      show(texts.closed);
    }
  });
};
