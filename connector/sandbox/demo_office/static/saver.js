// What was typed and is not saved yet, and when it will be.

const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 60000;

export class Saver {
  #rhythm;
  #send;
  #told;
  #changed = new Map(); // key -> text
  #since = 0;
  #notBefore = 0;
  #failures = 0;
  #timer = null;
  #queue = Promise.resolve(true);
  #running = false;
  #stopped = false;

  // send(texts) resolves to the answer; told(answer, sent) is called with it.
  constructor(rhythm, send, told) {
    this.#rhythm = rhythm;
    this.#send = send;
    this.#told = told;
  }

  get texts() {
    return Object.fromEntries(this.#changed);
  }

  // Whether leaving now would lose something.
  get dirty() {
    return this.#changed.size > 0 || this.#running;
  }

  has(key) {
    return this.#changed.has(key);
  }

  note(key, text) {
    this.#changed.set(key, text);
    this.#since ||= Date.now();
    this.#plan();
  }

  // Everything that is not saved; it is the caller's from now on.
  take() {
    const all = this.#changed;
    this.#changed = new Map();
    return all;
  }

  // No more by itself.
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  start() {
    this.#stopped = false;
    this.#failures = this.#notBefore = 0;
    this.#plan();
  }

  // Resolves to whether all that had been typed by then is saved.
  save() {
    // One at a time; what is typed meanwhile goes with the next.
    this.#queue = this.#queue.then(() => this.#saveNow());
    return this.#queue;
  }

  // Soon after the last keystroke, but not too long after the first, nor too soon after a failure.
  #plan() {
    clearTimeout(this.#timer);
    if (!this.#changed.size || this.#stopped) {
      return;
    }
    const now = Date.now();
    const soon = Math.min(now + this.#rhythm.autosave, this.#since + this.#rhythm.atLeast);
    this.#timer = setTimeout(() => this.save(), Math.max(soon, this.#notBefore) - now);
  }

  async #saveNow() {
    clearTimeout(this.#timer);
    if (!this.#changed.size) {
      return true;
    }
    const sent = new Map(this.#changed);
    this.#since = 0;
    this.#running = true;
    const answer = await this.#send(Object.fromEntries(sent));
    this.#running = false;
    if (answer.ok) {
      this.#failures = this.#notBefore = 0;
      this.#settle(sent, answer.keys);
    } else {
      this.#since = Date.now();
      this.#failures += 1;
      this.#notBefore = Date.now() + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.#failures - 1));
    }
    this.#told(answer, sent);
    if (answer.ok || answer.passing) {
      this.#plan();
    }
    return answer.ok;
  }

  #settle(sent, keys) {
    for (const [key, text] of sent) {
      const now = this.#changed.get(key);
      if (now === text) {
        this.#changed.delete(key);
      } else if (keys[key]) {
        this.#changed.delete(key);
        this.#changed.set(keys[key], now);
      }
    }
    if (this.#changed.size) {
      this.#since ||= Date.now();
    }
  }
}
