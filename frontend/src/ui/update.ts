/** Installs the service worker and says when a newer version waits; it takes over only when the person agrees. */
import { registerSW } from 'virtual:pwa-register';
import { ref } from 'vue';

const CHECK_EVERY_MS = 60 * 60 * 1000;

export const updateReady = ref(false);
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

export async function useUpdate(): Promise<void> {
  await takeOver(true);
}
