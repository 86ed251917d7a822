// Asks the connector, again and again, what it knows of the file: see connector/host/page_state.py.

const SOON = 5000;
const AGAIN_AFTER = 15000;
const IN_BACKGROUND = 60000;

export class State {
  #calls;
  #listeners = [];
  #timer;
  #isAsking = false;
  // Whether it is to be asked, too, if the file is free.
  isWaiting = false;
  // Until the document is there, what stands in its way is to be known quickly.
  isOpening = true;

  constructor(calls) {
    this.#calls = calls;
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
    window.addEventListener("online", () => this.look());
    calls.onRenewed(() => this.look());
    // The page may come back from where browsers put it.
    window.addEventListener("pageshow", (event) => event.persisted && this.look());
    window.addEventListener("pagehide", () => {
      calls.ask("", { method: "DELETE", keepalive: true }).catch(() => {
        // It is taken for closed when it is not heard of any more.
      });
    });
  }

  // Calls `listener` with each answer.
  on(listener) {
    this.#listeners.push(listener);
  }

  async look() {
    if (this.#isAsking || this.#calls.isOver) {
      return; // What is over goes on when it is renewed.
    }
    this.#isAsking = true;
    clearTimeout(this.#timer);
    try {
      const response = await this.#calls.ask(this.isWaiting ? "?waiting" : "");
      if (response.status === 401) {
        this.#calls.endsNow(); // Earlier than this browser's clock has it.
      }
      if (response.ok) {
        const state = await response.json();
        for (const listener of this.#listeners) {
          listener(state);
        }
      }
    } catch {
      // The connector does not answer just now.
    }
    this.#isAsking = false;
    const pause = this.isOpening ? SOON : AGAIN_AFTER;
    this.#timer = setTimeout(() => this.look(), document.hidden ? IN_BACKGROUND : pause);
  }
}
