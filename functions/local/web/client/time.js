/** Pauses and chance, for all parts of the client. */

/** A promise that resolves later. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits for a promise, but not for ever; resolves with its value, or with undefined when the time is over. */
export function atMost(milliseconds, promise) {
  let timer;
  const over = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}

/** A random time between two: so that clients which lost their connections together do not return together. */
export function jitter(from, to) {
  return from + Math.random() * (to - from);
}

/** Full jitter: a random time up to a ceiling that doubles with every attempt, from `first` to `last`. */
export function backoff(attempt, first, last) {
  return jitter(0, Math.min(last, first * 2 ** attempt));
}

/** A key of 32 random characters, by which the service recognises a repetition. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
