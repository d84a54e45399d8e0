/** What happens around the app: hope of a network, a person gone. Each returns how to stop listening. */

export interface Surface {
  addEventListener(type: string, fn: () => void): void;
  removeEventListener(type: string, fn: () => void): void;
}

export function onHope(
  window: Surface | undefined,
  document: (Surface & { readonly visibilityState: string }) | undefined,
  fn: () => void,
): () => void {
  const visible = () => {
    if (document?.visibilityState === 'visible') fn();
  };
  window?.addEventListener('online', fn);
  document?.addEventListener('visibilitychange', visible);
  return () => {
    window?.removeEventListener('online', fn);
    document?.removeEventListener('visibilitychange', visible);
  };
}

/** Untouched, or out of sight, for this long, the phone may be in other hands. Time for a call, not for a walk. */
const UNTOUCHED = 5 * 60_000;
const HIDDEN = 2 * 60_000;
/** But for a walk that a form asks for and that was begun by a touch: it takes its points without one. */
const WALKED = 30 * 60_000;
/** Of the document: a walk took a point. */
export const AT_WORK = 'fs-at-work';

/** Calls `fn` when nobody has touched the app for a while, also if it slept meanwhile. */
export function onAbsence(
  document: (Surface & { readonly visibilityState: string }) | undefined,
  now: () => number,
  setTimer: (fn: () => void, ms: number) => () => void,
  fn: () => void,
): () => void {
  let touched = now();
  let worked = touched;
  let hidden: number | null = null;
  let cancel: () => void = () => undefined;
  const touch = () => {
    touched = now();
    worked = touched;
  };
  const work = () => {
    if (Math.abs(now() - touched) < WALKED) worked = now();
  };
  const look = () => {
    cancel();
    const left = UNTOUCHED - Math.abs(now() - worked);
    if (left <= 0) fn();
    else cancel = setTimer(look, left);
  };
  const visibility = () => {
    if (document?.visibilityState === 'hidden') hidden = now();
    else if (hidden !== null && Math.abs(now() - hidden) > HIDDEN) fn();
    else hidden = null;
  };
  for (const event of ['pointerdown', 'keydown']) document?.addEventListener(event, touch);
  document?.addEventListener(AT_WORK, work);
  document?.addEventListener('visibilitychange', visibility);
  look();
  return () => {
    cancel();
    for (const event of ['pointerdown', 'keydown']) document?.removeEventListener(event, touch);
    document?.removeEventListener(AT_WORK, work);
    document?.removeEventListener('visibilitychange', visibility);
  };
}
