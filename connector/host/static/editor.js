// The office client in its frame: hands it the access token, hears what it says, and speaks to it.
//
// The frame is made here and not in the HTML because browsers would otherwise restore it with a
// former session's state (WOPI page "Building a host page").

const SANDBOX =
  "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox" +
  " allow-top-navigation allow-downloads allow-modals";

export class Editor {
  #origin;
  #frame;
  #handlers = new Map();
  #anything = () => {};
  isLoaded = false;

  // `origin` is whom to listen to, `allow` what the frame may use of the browser; `form` sends the
  // token into it.
  constructor({ origin, allow, form }) {
    this.#origin = origin;
    const frame = document.createElement("iframe");
    frame.name = form.target;
    frame.id = form.target;
    frame.allowFullscreen = true;
    frame.allow = allow;
    frame.setAttribute("sandbox", SANDBOX);
    this.#frame = frame;
    window.addEventListener("message", (event) => this.#hear(event));
  }

  // Calls `handler` with the values of each message of this name.
  on(messageId, handler) {
    this.#handlers.set(messageId, [...(this.#handlers.get(messageId) ?? []), handler]);
  }

  // Calls `handler` with the name of whatever the editor says, if it has one.
  onAnything(handler) {
    this.#anything = handler;
  }

  // Calls `handler` when the frame shows something, be it the browser's own page about a server
  // that is down.
  onShown(handler) {
    this.#frame.addEventListener("load", () => this.#isBlank() || handler());
  }

  // The editor's own report, which is the only sure sign that the document is there.
  onLoaded(handler) {
    this.on("App_LoadingStatus", () => this.isLoaded && handler());
  }

  open(holder, form) {
    holder.append(this.#frame);
    form.submit();
    // The token has been handed over; nothing on this page needs it any more.
    form.remove();
  }

  post(messageId, values = {}) {
    const message = { MessageId: messageId, SendTime: Date.now(), Values: values };
    this.#frame.contentWindow.postMessage(JSON.stringify(message), this.#origin);
  }

  set title(title) {
    this.#frame.title = title;
  }

  // Whether the frame is behind something else, so that nobody gets into it by keyboard.
  set isCovered(isCovered) {
    this.#frame.inert = isCovered;
  }

  focus() {
    this.#frame.focus();
  }

  #isBlank() {
    try {
      return this.#frame.contentWindow.location.href === "about:blank";
    } catch {
      return false; // Somebody else's page by now.
    }
  }

  #hear(event) {
    if (event.origin !== this.#origin || event.source !== this.#frame.contentWindow) {
      return;
    }
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      message = undefined; // Not one of the documented messages, which are all JSON text.
    }
    this.#anything(message?.MessageId);
    const values = message?.Values ?? {};
    if (message?.MessageId === "App_LoadingStatus") {
      // Collabora tells of each step, and begins anew when its connection was lost; the others tell
      // of the last one alone, and most without a name.
      this.isLoaded = values.Status === undefined || values.Status === "Document_Loaded";
    }
    // Collabora says some things twice, under a former name too.
    if (values.Deprecated !== true) {
      for (const handler of this.#handlers.get(message?.MessageId) ?? []) {
        handler(values);
      }
    }
  }
}
