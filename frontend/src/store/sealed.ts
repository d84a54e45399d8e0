/** The field database: drafts, base copy, cursors, forms and what the phone knows of its user. All content is sealed. */
import type { Bytes } from '@/crypto/bytes';
import { kindOf, open, openJson, seal, sealJson, WORK } from '@/crypto/seal';
import { ClientError } from '@/protocol/types';
import type { Database, Schema, Tx } from './idb';

export const FIELD: Schema = {
  name: 'fs-field',
  version: 1,
  upgrade(db) {
    db.createObjectStore('meta', { keyPath: 'key' });
    db.createObjectStore('drafts', { keyPath: 'id' });
    db.createObjectStore('base', { keyPath: 'key' });
    db.createObjectStore('cursors', { keyPath: 'feed' });
    db.createObjectStore('forms', { keyPath: 'key' });
  },
};

/** A record whose content only the open vault can read. */
export interface SealedRecord {
  key: string;
  sealed: ArrayBuffer;
}

/**
 * Seals and opens records of one store with the keys of the open vault. What the phone could fetch again is sealed by the
 * data key, what was captured on it by the work key, which the server can open too: so it outlives the data key.
 */
export class Sealer {
  constructor(
    readonly vault: string,
    private readonly key: CryptoKey,
    private readonly work: CryptoKey,
  ) {}

  seal(store: string, record: string, value: unknown): Promise<ArrayBuffer> {
    return sealJson(this.key, store, record, value);
  }

  sealWork(store: string, record: string, value: unknown): Promise<ArrayBuffer> {
    return sealJson(this.work, store, record, value, WORK);
  }

  open<T>(store: string, record: string, sealed: ArrayBuffer): Promise<T> {
    return openJson<T>(this.keyOf(sealed), store, record, sealed);
  }

  sealBytes(store: string, record: string, bytes: Bytes): Promise<ArrayBuffer> {
    return seal(this.key, store, record, bytes);
  }

  sealWorkBytes(store: string, record: string, bytes: Bytes): Promise<ArrayBuffer> {
    return seal(this.work, store, record, bytes, WORK);
  }

  async openBytes(store: string, record: string, sealed: ArrayBuffer): Promise<Bytes> {
    return new Uint8Array(await open(this.keyOf(sealed), store, record, sealed));
  }

  private keyOf(sealed: ArrayBuffer): CryptoKey {
    return kindOf(sealed) === WORK ? this.work : this.key;
  }
}

/**
 * Writes for this vault, while the phone is still its: of one that was ended or replaced, here or in another tab, nothing
 * may come back that nobody would take away again. `phone_locked` if it isn't.
 */
export function writeOwn<T>(
  db: Database,
  vault: string,
  stores: string[],
  body: (tx: Tx) => Promise<T>,
): Promise<T> {
  return db.write(['meta', ...stores], async (tx) => {
    const lock = await tx.get<{ value: { vault: { id: string } } }>('meta', 'lock');
    if (lock?.value.vault.id !== vault) throw new ClientError('phone_locked');
    return body(tx);
  });
}
