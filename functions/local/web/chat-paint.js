/** When the page draws: what changes many times a second is drawn once a frame. */

/** A hidden page has no frames: then this often. */
const HIDDEN_MS = 250;

/** Makes a function that calls act soon, once however often it is called until then. */
export function soon(act) {
  let frame, timer;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
    act();
  };
  return () => {
    if (timer !== undefined) return;
    frame = requestAnimationFrame(run);
    timer = setTimeout(run, HIDDEN_MS);
  };
}
