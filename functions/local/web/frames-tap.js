/**
 * A tap on the page's connections: what goes out and what comes in, as it is, for the panel "Frames". It keeps the
 * newest frames only, and makes nothing of them while nobody looks.
 */

/** What is kept: so many frames, and of long ones fewer. In characters, which take up to two bytes. */
const KEPT = { frames: 500, characters: 2_000_000 };

/**
 * A frame, or with the way "event" what became of a connection.
 * @typedef {object} Frame
 * @property {'out' | 'in' | 'event'} way
 * @property {string} text
 * @property {number} bytes of the text in UTF-8; 0 of an event
 * @property {number} at by this machine's clock
 * @property {number} socket the connection's number on this page, from 1
 * @property {string} url the connection's
 * @property {boolean} token whether the connection has one, which is in no frame
 */

/**
 * Makes a tap.
 * @param {typeof WebSocket} Base
 * @param {typeof KEPT} kept
 * @returns {{WebSocket: typeof WebSocket, frames: Frame[], socket: WebSocket | undefined, onframe: ((frame: Frame) => void)
 *   | undefined, clear: () => void}} WebSocket is for the client; frames are the newest, oldest first; socket is the
 *   newest connection that is open; onframe is told of each frame
 */
export function tapped(Base = WebSocket, kept = KEPT) {
  const tap = { frames: [], onframe: undefined, clear };
  const open = new Set();
  let characters = 0;
  let sockets = 0;

  function clear() {
    tap.frames.length = characters = 0;
  }

  function keep(frame) {
    tap.frames.push(frame);
    characters += frame.text.length;
    while (tap.frames.length > 1 && (tap.frames.length > kept.frames || characters > kept.characters)) {
      characters -= tap.frames.shift().text.length;
    }
    tap.onframe?.(frame);
  }

  tap.WebSocket = class extends Base {
    #number = ++sockets;
    #token;

    constructor(url, protocols = []) {
      super(url, protocols);
      this.#token = [protocols].flat().some((protocol) => protocol.startsWith('bearer.'));
      this.addEventListener('open', () => {
        open.add(this);
        this.#keep('event', `Connection ${this.#number} is open`);
      });
      this.addEventListener('message', ({ data }) => this.#keep('in', typeof data === 'string' ? data : 'a binary frame'));
      this.addEventListener('close', ({ code, reason }) => {
        open.delete(this);
        this.#keep('event', `Connection ${this.#number} has ended with ${code}${reason && `: ${reason}`}`);
      });
    }

    send(text) {
      super.send(text);
      this.#keep('out', text);
    }

    #keep(way, text) {
      keep(new Kept(way, text, this.#number, this.url, this.#token));
    }
  };
  Object.defineProperty(tap, 'socket', { get: () => [...open].filter((socket) => socket.readyState === 1).at(-1) });
  return tap;
}

/** A Frame. Its size is counted when somebody asks. */
class Kept {
  constructor(way, text, socket, url, token) {
    Object.assign(this, { way, text, at: Date.now(), socket, url, token });
  }

  get bytes() {
    return this.way === 'event' ? 0 : bytesOf(this.text);
  }
}

/** How many bytes a text has in UTF-8. */
export const bytesOf = (text) => new TextEncoder().encode(text).length;
