/** The thread of one hash. */
import type { Answered, Asked } from './argon2';
import { hash } from './argon2.hash';

interface Thread {
  onmessage: ((message: { data: Asked }) => void) | null;
  postMessage(answer: Answered): void;
}
const thread = globalThis as unknown as Thread;

thread.onmessage = async ({ data }) => {
  try {
    thread.postMessage({ hash: await hash(data) });
  } catch (error) {
    thread.postMessage({ failed: String(error) });
  }
};

/** The code of it is compiled while the secret is still being typed. */
void hash({ secret: new Uint8Array(1), salt: new Uint8Array(16), memory: 8, passes: 1, lanes: 1 });
