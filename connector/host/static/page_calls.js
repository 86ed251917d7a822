// Calls of this page to the connector.
//
// The token is for these alone; it goes into a header, never into an address.

const PATIENCE = 30000;

export class PageCalls {
  #url;
  #token;
  #end;
  #onRenewed = () => {};

  // `endsIn` milliseconds the token lives. A browser's clock may be wrong, but it goes on.
  constructor({ stateUrl, pageToken, endsIn }) {
    this.#url = stateUrl;
    this.#token = pageToken;
    this.#end = Date.now() + endsIn;
  }

  // When the token ends, as does the office client's; by the browser's clock.
  get end() {
    return this.#end;
  }

  get isOver() {
    return Date.now() >= this.#end;
  }

  // The connector does not take the token any more.
  endsNow() {
    this.#end = Math.min(this.#end, Date.now());
  }

  // Take another token from now on.
  renew({ pageToken, endsIn }) {
    this.#token = pageToken;
    this.#end = Date.now() + endsIn;
    this.#onRenewed();
  }

  onRenewed(handler) {
    this.#onRenewed = handler;
  }

  // `path` is below the address of the file's state; `keepalive` is for what is to arrive though the
  // page is closed.
  ask(path = "", { method = "GET", keepalive = false } = {}) {
    return fetch(`${this.#url}${path}`, {
      method,
      keepalive,
      headers: { Authorization: `Bearer ${this.#token}` },
      cache: "no-store",
      // A connection that hangs must not keep the page from asking again.
      signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE),
    });
  }
}
