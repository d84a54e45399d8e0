/** The phone's place followed while a walk is recorded; the screen stays on meanwhile, where the browser can. */
import { onBeforeUnmount, ref, shallowRef } from 'vue';
import { type Place, placeOf } from './trace';

/** `onPlace` is told every place the phone finds. */
export function useWalk(onPlace: (place: Place) => void) {
  const walking = ref(false);
  const here = shallowRef<Place | null>(null);
  /** `denied` or `failed`. */
  const error = ref('');
  let watch: number | undefined;
  let awake: WakeLockSentinel | undefined;

  function stop(): void {
    if (watch !== undefined) navigator.geolocation.clearWatch(watch);
    watch = undefined;
    void awake?.release().catch(() => undefined);
    awake = undefined;
    walking.value = false;
  }

  function start(): void {
    error.value = '';
    here.value = null;
    if (!navigator.geolocation) {
      error.value = 'failed';
      return;
    }
    walking.value = true;
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        error.value = '';
        here.value = placeOf(coords);
        onPlace(here.value);
      },
      ({ code }) => {
        error.value = code === 1 ? 'denied' : 'failed';
        if (code === 1) stop();
      },
      { enableHighAccuracy: true, maximumAge: 0 },
    );
    void navigator.wakeLock
      ?.request('screen')
      .then((lock) => {
        awake = lock;
      })
      .catch(() => undefined);
  }

  onBeforeUnmount(stop);
  return { walking, here, error, start, stop };
}
