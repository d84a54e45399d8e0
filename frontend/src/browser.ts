/** What of the browser the client lives on. */
import { newId } from './crypto/bytes';
import { type Authenticator, authenticator } from './crypto/passkey';
import type { Net } from './sync/http';
import type { Surface } from './sync/triggers';

/** The phone around the client; tests bring their own. */
export interface ClientDeps {
  indexedDB: IDBFactory;
  net: Net;
  locks: LockManager | undefined;
  window: Surface | undefined;
  document: (Surface & { readonly visibilityState: string }) | undefined;
  /** To other tabs; null where there are none. */
  channel: Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'> | null;
  /** Asks the browser never to evict this storage. */
  persist(): Promise<boolean>;
  /** Fingerprint, face or screen lock; missing where a story has none. */
  authenticator?: Authenticator;
  mono(): number;
  random(): number;
  setTimer(fn: () => void, ms: number): () => void;
}

export function browserDeps(): ClientDeps {
  return {
    indexedDB,
    net: {
      fetch: (input, init) => fetch(input, init),
      origin: '',
      now: Date.now,
      online: () => navigator.onLine,
      newId,
    },
    locks: navigator.locks,
    window,
    document,
    channel: typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('fs'),
    persist: () => navigator.storage?.persist?.() ?? Promise.resolve(false),
    authenticator,
    mono: () => performance.now(),
    random: Math.random,
    setTimer(fn, ms) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
}
