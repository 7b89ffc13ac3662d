/**
 * Which server the page talks to: its own or, with the person's word, the one that its address names. A page has one
 * server for as long as it lives, so that a token that was given to it can reach no other.
 */

/** Where a tab remembers which other server it may connect to. No page of somebody else can write it. */
const WORD = 'wsecho-elsewhere';

/** The stage of a page's own host. */
export function ownServer({ protocol, host }, stage) {
  return `${protocol.replace('http', 'ws')}//${host}/${stage || 'dev'}`;
}

/**
 * The server that a page's address names, /?url=wss://…: undefined if it names none, null if what it names is none.
 * A query is left out: a link could put a token of its own there.
 */
export function namedServer(search) {
  const given = new URLSearchParams(search).get('url');
  if (given === null) return undefined;
  try {
    const { protocol, host, pathname, username, password } = new URL(given);
    return /^wss?:$/.test(protocol) && !username && !password ? `${protocol}//${host}${pathname}` : null;
  } catch {
    return null;
  }
}

/** Whether two addresses lead to the same server. */
export const sameServer = (one, other) => new URL(one).origin === new URL(other).origin;

/**
 * Whether the person said yes to a server. Two have to agree: this tab, and the page's own server, which has seen that
 * the page itself led here and named the server in the policy. A link can do neither.
 */
export function saidYes(named, { reach, storage }) {
  return storage.getItem(WORD) === named && reach === new URL(named).origin;
}

/** Loads the page again, so that its policy allows the server to which the person said yes. */
export function sayYes(named, { storage, location }) {
  storage.setItem(WORD, named);
  location.replace(pageOf({ named, room: namedRoom(location.search) }));
}

/** What the name of a room may be. */
const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;

/** The room to which a page's address invites, /?room=lobby; undefined if there is none or that is no room's name. */
export function namedRoom(search) {
  const room = new URLSearchParams(search).get('room');
  return ROOM.test(room ?? '') ? room : undefined;
}

/** The path of a page of a server, unless it is the page's own, and a room. */
export function pageOf({ named, room }) {
  const search = [named && `url=${encodeURIComponent(named)}`, room && `room=${encodeURIComponent(room)}`].filter(Boolean);
  return search.length ? `/?${search.join('&')}` : '/';
}
