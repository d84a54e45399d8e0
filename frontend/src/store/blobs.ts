/**
 * Photos, signatures and recordings, sealed, until the server has them safely. A database of its own, so that the largest
 * and least urgent data can neither fill nor break the one that holds the text; bytes are ArrayBuffers, for a Blob in
 * IndexedDB is lost on some phones.
 *
 * Why each crash point is safe: bytes are on disk and were read back before an answer names them; a visit takes hold of what
 * it names before it is written to the outbox; bytes go only when no draft and no visit holds them, decided in the one
 * transaction that deletes. What a crash leaves over is swept when the phone is next opened. docs/sync.md tells the story.
 */
import { type Bytes, random, sha256 } from '@/crypto/bytes';
import { type ServerKey, sealToServer } from '@/crypto/toServer';
import { blobName, hashOf } from '@/protocol/blobs';
import { type BlobStore, ClientError } from '@/protocol/types';
import type { Database, Schema, Tx } from './idb';
import type { Sealer } from './sealed';

/** Largest attachment, in bytes; the server's default too. */
export const LARGEST = 10 * 1024 * 1024;

export type BlobState = 'waiting' | 'sent' | 'durable' | 'refused';

/** What may be read while locked: names, sizes and who needs it. */
export interface BlobHead {
  name: string;
  sha: string;
  /** MIME type as captured. */
  type: string;
  size: number;
  /** The data key that seals it. */
  vault: string;
  /** When it was last put or taken hold of, ms. */
  at: number;
  drafts: string[];
  /** Submissions, finished or being finished. */
  visits: string[];
  state: BlobState;
  why: string | null;
  /**
   * The key of its bytes (AES-256-CTR: any part can leave by itself; its name is the hash that is compared), sealed by the
   * work key. Missing in those of the first builds, whose bytes are sealed by the data key.
   */
  key?: ArrayBuffer;
  /** The same key as only the server can open it. */
  post?: ArrayBuffer;
  /** Whose it is, an id. */
  user?: string;
}
interface BytesRow {
  name: string;
  sealed: ArrayBuffer;
}
export interface BlobRecord extends BlobHead {
  sealed: ArrayBuffer;
}
/** On its way: here, and not yet with the server. */
export const isUnsent = ({ state }: BlobHead) => state === 'waiting' || state === 'refused';

export type BlobChange = Partial<Pick<BlobHead, 'state' | 'why'>>;

export const BLOBS: Schema = {
  name: 'fs-blobs',
  version: 1,
  upgrade(db) {
    db.createObjectStore('heads', { keyPath: 'name' });
    db.createObjectStore('bytes', { keyPath: 'name' });
  },
};
const BOTH = ['heads', 'bytes'];

/** The records, for whoever has no key. */
export class BlobShelf {
  constructor(private readonly db: Database) {}

  heads(): Promise<BlobHead[]> {
    return this.db.read(['heads'], (tx) => tx.all<BlobHead>('heads'));
  }

  record(name: string): Promise<BlobRecord | undefined> {
    return this.db.read(BOTH, async (tx) => {
      const head = await tx.get<BlobHead>('heads', name);
      const row = head && (await tx.get<BytesRow>('bytes', name));
      return head && row && { ...head, sealed: row.sealed };
    });
  }

  /** Durable when it resolves. Whoever held the same bytes before still does. */
  async keep({ sealed, ...head }: BlobRecord): Promise<void> {
    await this.db.write(BOTH, async (tx) => {
      const old = await tx.get<BlobHead>('heads', head.name);
      const drafts = union(old?.drafts ?? [], head.drafts);
      const visits = union(old?.visits ?? [], head.visits);
      const { state, why } = old ?? head;
      await tx.put('bytes', { name: head.name, sealed } satisfies BytesRow);
      await tx.put('heads', { ...head, drafts, visits, state, why });
    });
  }

  /** A visit about to be written needs them; before the outbox, so that no draft's end can take them from it. */
  async hold(visit: string, shas: readonly string[], at: number): Promise<void> {
    if (!shas.length) return;
    await this.db.write(['heads'], async (tx) => {
      const heads = await tx.all<BlobHead>('heads');
      for (const head of heads.filter(({ sha }) => shas.includes(sha)))
        await tx.put('heads', { ...head, at, visits: union(head.visits, [visit]) });
    });
  }

  async change(changes: ReadonlyMap<string, BlobChange>): Promise<void> {
    if (!changes.size) return;
    await this.db.write(['heads'], async (tx) => {
      for (const [name, change] of changes) {
        const head = await tx.get<BlobHead>('heads', name);
        if (head) await tx.put('heads', { ...head, ...change });
      }
    });
  }

  /** Sets anew who needs what, and deletes what nobody does. holders: undefined leaves a record alone. */
  async settle(
    holders: (head: BlobHead) => Pick<BlobHead, 'drafts' | 'visits'> | undefined,
  ): Promise<void> {
    if (!(await this.heads()).some((head) => changed(head, holders(head)))) return;
    await this.db.write(BOTH, async (tx) => {
      for (const head of await tx.all<BlobHead>('heads')) {
        const now = holders(head);
        if (!now || !changed(head, now)) continue;
        if (now.drafts.length + now.visits.length) await tx.put('heads', { ...head, ...now });
        else await drop(tx, head.name);
      }
    });
  }

  /** Lets go of bytes the server has for good; true if that made room. */
  async makeRoom(): Promise<boolean> {
    return this.db.write(BOTH, async (tx) => {
      const safe = (await tx.all<BlobHead>('heads')).filter(({ state }) => state === 'durable');
      const gone = [];
      for (const { name } of safe) {
        if (!(await tx.get('bytes', name))) continue;
        await tx.delete('bytes', name);
        gone.push(name);
      }
      return gone.length > 0;
    });
  }

  /** Text never waits for a photo: on a full disk those go that the server has, and what failed is tried again. */
  async withRoom<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const full = error instanceof ClientError && error.key === 'storage';
      if (!full || !(await this.makeRoom().catch(() => false))) throw error;
      return work();
    }
  }
}

/** To whom what was captured is sealed beside its worker: the server, in whose name. */
export interface Addressee {
  user: string;
  /** Null until the server's key is known. */
  server: ServerKey | null;
}

/** The shelf with its seals open. */
export class Blobs implements BlobStore {
  /** As last read. */
  heads: readonly BlobHead[] = [];

  constructor(
    readonly shelf: BlobShelf,
    private readonly sealer: Sealer,
    private readonly now: () => number,
    private readonly to: () => Addressee,
  ) {}

  /** Never fails: where photos can't be read, the text still must. */
  async load(): Promise<void> {
    this.heads = await this.shelf.heads().catch(() => this.heads);
  }

  async put(given: Uint8Array, type: string, draft: string): Promise<string> {
    if (given.byteLength > LARGEST) throw new ClientError('blob_large');
    if (!given.byteLength) throw new ClientError('blob_empty');
    const bytes = new Uint8Array(given);
    const sha = await sha256(bytes);
    const name = blobName(sha, type);
    const record: BlobRecord = {
      ...{ name, sha, type, size: bytes.byteLength, at: this.now() },
      ...{ drafts: [draft], visits: [], state: 'waiting', why: null },
      ...(await this.sealed(name, sha, bytes)),
    };
    await this.keep(record);
    if (!(await this.get(name))) throw new ClientError('storage_broken', 'read back');
    return name;
  }

  /** The bytes, if they are here, whole, and sealed by this phone's key. */
  async get(name: string): Promise<{ bytes: Uint8Array; type: string } | undefined> {
    const record = await this.shelf.record(name);
    const bytes = record && (await this.open(record));
    return bytes ? { bytes, type: record.type } : undefined;
  }

  /** The bytes of a record; null if damaged or sealed by another key. */
  async open(record: BlobRecord): Promise<Bytes | null> {
    try {
      const bytes = record.key
        ? await turned(await this.sealer.openBytes('blobs', record.name, record.key), record.sealed)
        : await this.sealer.openBytes('blobs', record.name, record.sealed);
      return (await sha256(bytes)) === hashOf(record.name) ? bytes : null;
    } catch {
      return null;
    }
  }

  /** Seals to the server what was taken before the phone knew its key. */
  async sealLagging(): Promise<void> {
    for (const head of this.heads) {
      if (head.post || !isUnsent(head) || !this.to().server) continue;
      const record = await this.shelf.record(head.name);
      const bytes = record && (await this.open(record));
      if (bytes)
        await this.shelf.keep({ ...record, ...(await this.sealed(head.name, head.sha, bytes)) });
    }
    await this.load();
  }

  private async sealed(name: string, sha: string, bytes: Bytes) {
    const key = random(32);
    const { user, server } = this.to();
    const post = server && (await sealToServer(server, ['blob', sha], key));
    return {
      vault: this.sealer.vault,
      sealed: (await turned(key, bytes)).buffer,
      key: await this.sealer.sealWorkBytes('blobs', name, key),
      ...(post ? { post, user } : {}),
    };
  }

  release(draft: string): Promise<void> {
    return this.shelf.settle((head) =>
      head.drafts.includes(draft)
        ? { drafts: head.drafts.filter((id) => id !== draft), visits: head.visits }
        : undefined,
    );
  }

  /** What doesn't fit even then is told as what it is. */
  private async keep(record: BlobRecord): Promise<void> {
    try {
      await this.shelf.withRoom(() => this.shelf.keep(record));
    } catch (error) {
      const full = error instanceof ClientError && error.key === 'storage';
      throw full ? new ClientError('blob_storage', error.detail) : error;
    }
  }
}

/** AES-256-CTR, the same there and back; the key is of these bytes alone. */
async function turned(raw: Bytes, bytes: BufferSource): Promise<Bytes> {
  const how = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 };
  const key = await crypto.subtle.importKey('raw', raw, 'AES-CTR', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt(how, key, bytes));
}

async function drop(tx: Tx, name: string): Promise<void> {
  await tx.delete('heads', name);
  await tx.delete('bytes', name);
}

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((one) => b.includes(one));

function changed(head: BlobHead, now: Pick<BlobHead, 'drafts' | 'visits'> | undefined): boolean {
  return !!now && !(same(head.drafts, now.drafts) && same(head.visits, now.visits));
}
