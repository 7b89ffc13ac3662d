/** What the parts of the page share: where it is, and as whom. */
import { Memory } from './chat-memory.js';
import { namedServer, ownServer, sameServer } from './chat-server.js';
import { storageOf } from './chat-storage.js';
import { Trouble } from './chat-trouble.js';

export const $ = (id) => document.getElementById(id);

const { stage, auth } = document.documentElement.dataset;
const own = ownServer(location, stage);
const named = namedServer(location.search);
const server = named ?? own;
const isOwn = sameServer(server, own);

export const here = {
  /** The server that the page's address names: undefined if it names none, null if that is none. */
  named,
  /** The only server with which this page talks. */
  server,
  host: new URL(server).host,
  isOwn,
  /** How the server lets people in, "open" or "jwt", where that is known. */
  auth: isOwn ? auth : '',
  memory: new Memory(storageOf('sessionStorage'), server),
  trouble: new Trouble({
    root: $('trouble'), title: $('trouble-title'), text: $('problem'), countdown: $('trouble-countdown'), form: $('renew-form'), dismiss: $('dismiss'),
  }),
  /** The conversations: Talks, of chat-talks.js. */
  talks: undefined,
  /** The client while somebody is signed in; undefined at the door. */
  client: undefined,
  /** The name with which the person came; with a token it is the token's as soon as the server has said it. */
  name: '',
  /** With which token this page connects: Tokens, of chat-token.js. */
  tokens: undefined,
  /** The panel that shows this page's frames, of frames.js. */
  frames: undefined,
};

/** As whom others see this page. */
export const me = () => here.client?.user ?? here.name;

export function problem(text) {
  here.trouble.tell('problem', { title: 'That did not work', text });
}
