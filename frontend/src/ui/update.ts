/** Installs the service worker and says when a newer version waits; it takes over only when the person agrees. */
import { registerSW } from 'virtual:pwa-register';
import { ref } from 'vue';

const CHECK_EVERY_MS = 60 * 60 * 1000;

const PATIENCE_MS = 30_000;

export const updateReady = ref(false);
/** A screen couldn't be loaded: offline before all were kept, or an old page after an update. */
export const screenMissing = ref(false);
let takeOver: (reload?: boolean) => Promise<void> = async () => {};

export function watchForUpdates(): void {
  takeOver = registerSW({
    onNeedRefresh() {
      updateReady.value = true;
    },
    onRegisteredSW(_url, registration) {
      setInterval(() => {
        if (navigator.onLine) void registration?.update();
      }, CHECK_EVERY_MS);
    },
  });
}

/** Resolves when every screen is kept on this phone, or after half a minute, or at once where nothing is kept. */
export async function readyOffline(): Promise<void> {
  const workers = navigator.serviceWorker;
  if (!(await workers?.getRegistration())) return;
  await Promise.race([workers.ready, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

export async function useUpdate(): Promise<void> {
  // The page of the first log-in was opened without a worker: nobody else would reload it.
  const reload = () => location.reload();
  navigator.serviceWorker.addEventListener('controllerchange', reload, { once: true });
  await takeOver(true);
}
