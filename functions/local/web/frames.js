/**
 * The panel "Frames": what this page's connection sends and gets, frame by frame, and an editor to send by hand over the
 * same connection. It is made when it is first opened.
 */
import { Editor } from './frames-editor.js';
import { List } from './frames-list.js';
import { make } from './frames-make.js';
import { tapped } from './frames-tap.js';

/**
 * Mounts the panel.
 * @param {{button: HTMLButtonElement, root: HTMLElement}} parts what opens it, and where it is to be; root is hidden
 * @returns {{WebSocket: typeof WebSocket, clear: () => void}} the WebSocket that the client has to use, and what forgets
 *   all frames
 */
export function mountFrames({ button, root }) {
  const tap = tapped();
  let panel;

  function toggle(open) {
    panel ??= build(tap, root, () => toggle(false));
    root.hidden = !open;
    button.setAttribute('aria-expanded', open);
    if (open) panel.list.open();
    else panel.list.close();
    (open ? panel.title : button).focus();
  }

  button.addEventListener('click', () => toggle(root.hidden));
  root.addEventListener('keydown', ({ key, defaultPrevented }) => key === 'Escape' && !defaultPrevented && toggle(false));
  return {
    WebSocket: tap.WebSocket,
    clear() {
      tap.clear();
      if (!root.hidden) panel.list.open();
    },
  };
}

function build(tap, root, close) {
  const title = make('h2', { id: 'frames-title', tabindex: '-1' }, 'Frames');
  const note = make('p', { class: 'frames-note hint', role: 'status' });
  const closing = make('button', { type: 'button', class: 'quiet' }, 'Close');
  const editor = new Editor(tap);
  const list = new List(tap, { edit: (text) => editor.edit(text), tell: (text) => (note.textContent = text) });
  closing.addEventListener('click', close);
  root.append(
    make('div', { class: 'frames-head' }, title, list.controls, note, closing),
    make('div', { class: 'frames-body' }, list.root, editor.root),
  );
  return { title, list };
}
