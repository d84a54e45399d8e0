/** A photo made small: in a worker where the browser can draw there, else on the page. */
import { shrink } from './shrink';
import type { Report } from './shrink.worker';
import type { Limit } from './sizing';
import { Unreadable } from './unreadable';

const drawsInWorkers = (): boolean =>
  typeof Worker !== 'undefined' && typeof OffscreenCanvas !== 'undefined';

/** JPEG bytes within the limit, with no metadata. Throws Unreadable. */
export function smallPhoto(file: Blob, limit: Limit, step: () => void): Promise<Uint8Array> {
  return drawsInWorkers() ? inWorker(file, limit, step) : shrink(file, limit, step);
}

async function inWorker(file: Blob, limit: Limit, step: () => void): Promise<Uint8Array> {
  const worker = new Worker(new URL('./shrink.worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Report>) => {
        if ('step' in data) step();
        else if ('bytes' in data) resolve(data.bytes);
        else reject(new Unreadable('not a picture this browser knows'));
      };
      // A worker that doesn't start (an old browser without modules in workers) is no reason to lose a photo.
      worker.onerror = () => shrink(file, limit, step).then(resolve, reject);
      worker.postMessage({ file, limit });
    });
  } finally {
    worker.terminate();
  }
}
