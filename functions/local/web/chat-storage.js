/** The browser's storages, which a person's settings may forbid: the page works without. */

/**
 * A storage of the browser or, where it is forbidden, one that ends with the page.
 * @param {'localStorage' | 'sessionStorage'} name
 */
export function storageOf(name, browser = globalThis) {
  try {
    return browser[name];
  } catch {
    return new Passing();
  }
}

class Passing {
  #all = new Map();

  get length() {
    return this.#all.size;
  }

  key(n) {
    return [...this.#all.keys()][n] ?? null;
  }

  getItem(key) {
    return this.#all.get(key) ?? null;
  }

  setItem(key, value) {
    this.#all.set(key, value);
  }

  removeItem(key) {
    this.#all.delete(key);
  }
}
