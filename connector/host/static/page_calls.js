// Calls of this page to the connector.
//
// The token is for these alone; it goes into a header, never into an address.

export class PageCalls {
  #url;
  #token;
  #onRenewed = () => {};

  constructor(url, token) {
    this.#url = url;
    this.#token = token;
  }

  // Take another token from now on.
  renew(token) {
    this.#token = token;
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
    });
  }
}
