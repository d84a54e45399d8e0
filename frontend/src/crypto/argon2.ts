/**
 * Argon2id, loaded when somebody first needs it. In a thread of its own, so that the screen doesn't stop; WebAssembly where
 * the page may compile it, else plain script: slow, but whoever chose a PIN on this phone can always open it.
 */
import type { Bytes } from './bytes';

export interface Argon2Cost {
  /** KiB. */
  memory: number;
  passes: number;
  lanes: number;
}
export interface Asked extends Argon2Cost {
  secret: Bytes;
  salt: Bytes;
}
export type Answered = { hash: Bytes } | { failed: string };

/** 32 bytes. */
export async function argon2id(secret: Bytes, salt: ArrayBuffer, cost: Argon2Cost): Promise<Bytes> {
  const asked: Asked = { secret, salt: new Uint8Array(salt), ...cost };
  return (await inThread(asked)) ?? (await import('./argon2.hash')).hash(asked);
}

let ready: Worker | null = null;

/** Starts the thread of the next hash: somebody is about to type a secret. */
export function expectSecret(): void {
  ready ??= newThread();
}

function newThread(): Worker | null {
  try {
    const thread = new Worker(new URL('./argon2.worker.ts', import.meta.url), { type: 'module' });
    // One that didn't come up before it was asked would never answer.
    thread.onerror = () => {
      if (ready === thread) ready = null;
    };
    return thread;
  } catch {
    return null;
  }
}

/** Null where there are no threads, or none that can do it. */
async function inThread(asked: Asked): Promise<Bytes | null> {
  const thread = ready ?? newThread();
  ready = null;
  if (!thread) return null;
  try {
    const answer = await answerOf(thread, asked);
    return 'hash' in answer ? answer.hash : null;
  } catch {
    return null;
  } finally {
    thread.terminate();
  }
}

function answerOf(thread: Worker, asked: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) => resolve(data as Answered);
    thread.onerror = () => reject(new Error('the thread ended'));
    thread.postMessage(asked);
  });
}
