/** Shrinks pictures beside the page, so that a slow phone still answers while a photo is made small. */
import { shrink } from './shrink';
import type { Limit } from './sizing';

export interface Order {
  file: Blob;
  limit: Limit;
}
/** A step done, the picture, or that it can't be read. */
export type Report = { step: true } | { bytes: Uint8Array } | { failed: true };

const page = self as unknown as {
  onmessage: ((order: MessageEvent<Order>) => void) | null;
  postMessage(report: Report): void;
};

page.onmessage = ({ data: { file, limit } }) => {
  shrink(file, limit, () => page.postMessage({ step: true })).then(
    (bytes) => page.postMessage({ bytes }),
    () => page.postMessage({ failed: true }),
  );
};
