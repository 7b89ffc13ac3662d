/** Pauses, ends and chance, for all parts of the client. */

/** Milliseconds that only grow: the clock of the machine may be set back. */
export const now = () => performance.now();

/** Timers fire at once whose time does not fit into 31 bits, which are 24 days. */
export const NEVER_MS = 2 ** 31;

/** What ends everything that waits, at once. It is an AbortSignal's work without its weight. */
export class Ending {
  /** Why it has ended; undefined while it has not. @type {Error | undefined} */
  reason;
  /** What is called then. @type {Set<() => void>} */
  stops = new Set();

  /** @param {Error} [reason] if it has ended from the beginning */
  constructor(reason) {
    this.reason = reason;
  }

  /** @param {Error} reason */
  end(reason) {
    this.reason = reason;
    this.stops.forEach((stop) => stop());
  }
}

/**
 * Waits for a promise, but not for ever; resolves with its value, or with undefined when the time is over. Rejects with
 * the reason of an ending or a signal.
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} promise
 * @param {Ending} [ending]
 * @param {AbortSignal} [signal]
 * @returns {Promise<T | undefined>}
 */
export function atMost(milliseconds, promise, ending, signal) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {() => void} */
  let stop;
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    stop = () => reject(ending?.reason ?? signal?.reason);
    if (ending?.reason || signal?.aborted) return stop();
    ending?.stops.add(stop);
    signal?.addEventListener('abort', stop);
    if (milliseconds < NEVER_MS) timer = setTimeout(resolve, milliseconds);
  }).finally(() => {
    clearTimeout(timer);
    ending?.stops.delete(stop);
    signal?.removeEventListener('abort', stop);
  });
}

/**
 * A promise that resolves later, or rejects as atMost does.
 * @param {number} milliseconds
 * @param {Ending} [ending]
 * @param {AbortSignal} [signal]
 */
export const pause = (milliseconds, ending, signal) => atMost(milliseconds, new Promise(() => {}), ending, signal);

/**
 * Lets so many at a time do something, in the order in which they came.
 * @param {number} places
 * @returns {<T>(act: () => Promise<T>) => Promise<T>}
 */
export function atATime(places) {
  /** @type {(() => void)[]} */
  const waiting = [];
  return async (act) => {
    if (places > 0) places--;
    else await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else places++;
    }
  };
}

/**
 * A random time between two: so that clients which lost their connections together do not return together.
 * @param {number} from
 * @param {number} to
 */
export function jitter(from, to) {
  return from + Math.random() * (to - from);
}

/**
 * Full jitter: a random time up to a ceiling that doubles with every attempt, from half a second to a minute.
 * @param {number} attempt
 */
export function backoff(attempt) {
  return jitter(0, Math.min(60_000, 500 * 2 ** attempt));
}

/** A key of 32 random characters, by which the service recognises a repetition. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
