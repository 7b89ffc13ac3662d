/** The editor of the panel "Frames": an example of every action, sent by hand over the connection of the page. */
import { actions } from './examples.js'; // Made by the server from asyncapi.yaml.
import { faultOf } from './frames-check.js';
import { make } from './frames-make.js';
import { fresh } from './frames-text.js';

const first = (name) => actions.find((action) => action.name === name)?.examples[0];

export class Editor {
  #tap;
  #chosen = make('select', { id: 'frames-example' });
  #about = make('p', { class: 'hint' });
  #text = make('textarea', {
    id: 'frames-text', rows: '8', spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', 'aria-describedby': 'frames-fault',
  });
  #fault = make('span', { id: 'frames-fault', class: 'frames-fault', role: 'status' });

  /** @param {ReturnType<import('./frames-tap.js').tapped>} tap */
  constructor(tap) {
    this.#tap = tap;
    this.root = make('form', { class: 'frames-editor', 'aria-labelledby': 'frames-editor-title', novalidate: '' },
      make('h3', { id: 'frames-editor-title' }, 'Send by hand'),
      make('p', { class: 'frames-row' }, this.#quick('echo', 'Send an echo'), this.#quick('broadcast', 'Send a broadcast')),
      make('p', { class: 'frames-row' }, make('label', { for: 'frames-example' }, 'Example'), this.#chosen),
      this.#about, make('label', { for: 'frames-text', class: 'unseen' }, 'Frame'), this.#text,
      make('p', { class: 'frames-send' }, make('button', { type: 'submit' }, 'Send frame'), this.#fault));
    this.#offer();
    this.#listen();
  }

  /** Puts a frame into the editor. */
  edit(text) {
    this.#text.value = text;
    this.#check();
    this.#text.focus();
  }

  /** Lists the examples, and takes the first. */
  #offer() {
    for (const [at, { name, examples }] of actions.entries()) {
      examples.forEach((_, n) => this.#chosen.append(make('option', { value: `${at} ${n}` }, n === 0 ? name : `${name}, example ${n + 1}`)));
    }
    this.#choose();
  }

  #choose() {
    const [at, n] = this.#chosen.value.split(' ');
    const { name, summary, examples } = actions[at];
    this.#about.replaceChildren(`${summary} `, make('a', { href: `protocol#${name}`, target: '_blank' }, `More about ${name}`));
    this.#text.value = JSON.stringify(fresh(examples[n]), null, 2);
    this.#check();
  }

  #listen() {
    this.#chosen.addEventListener('change', () => this.#choose());
    this.#text.addEventListener('input', () => this.#check());
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.root.requestSubmit();
    });
    this.root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  #submit() {
    const fault = this.#check();
    if (!fault) {
      this.#send(this.#text.value);
      return;
    }
    this.#text.focus();
    this.#text.setSelectionRange(fault.at, fault.at + 1);
  }

  #send(text) {
    const { socket } = this.#tap;
    socket?.send(text);
    this.#tell(socket ? 'Sent.' : 'There is no open connection to send it over.', !socket);
  }

  #quick(name, label) {
    const button = make('button', { type: 'button', class: 'quiet' }, label);
    button.addEventListener('click', () => this.#send(JSON.stringify(fresh(first(name)))));
    return button;
  }

  /** Tells what is wrong with the text, and returns it. */
  #check() {
    const fault = faultOf(this.#text.value);
    this.#text.setAttribute('aria-invalid', Boolean(fault));
    this.#tell(fault ? `Line ${fault.line}, column ${fault.column}: ${fault.message}` : 'Ctrl and Enter sends, too.', Boolean(fault));
    return fault;
  }

  #tell(text, wrong) {
    this.#fault.textContent = text;
    this.#fault.classList.toggle('wrong', wrong);
  }
}
