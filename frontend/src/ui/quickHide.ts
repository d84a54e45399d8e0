/**
 * Whether the screen is covered, because somebody came in. Covered is locked: what must be saved is saved, and only the PIN
 * brings the work back. Out of sight (another app, the list of apps) the page shows nothing at all.
 */
import { ref } from 'vue';

export const screenHidden = ref(false);

type Save = () => Promise<unknown>;
const saves = new Set<Save>();
/** Longest wait for what is being saved, ms. */
const PATIENCE = 1_500;
/** As many fingers at once as nobody works with. */
const FINGERS = 3;

/** Something that must be on disk before the phone locks; returns how to forget it. */
export function saveBeforeHiding(save: Save): () => void {
  saves.add(save);
  return () => void saves.delete(save);
}

let lock: () => void = () => undefined;

export async function hideScreen(): Promise<void> {
  if (screenHidden.value) return;
  screenHidden.value = true;
  const saved = Promise.allSettled([...saves].map((save) => save()));
  await Promise.race([saved, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  lock();
}

/** Three fingers anywhere cover the screen, also over a dialog or the camera; the list of apps gets an empty page. */
export function watchForHiding(locking: () => void): void {
  lock = locking;
  const away = () =>
    document.documentElement.classList.toggle('away', document.visibilityState === 'hidden');
  document.addEventListener('visibilitychange', away);
  document.addEventListener(
    'touchstart',
    (event) => {
      if (event.touches.length >= FINGERS) void hideScreen();
    },
    { passive: true, capture: true },
  );
}
