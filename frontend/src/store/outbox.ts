/**
 * The outbox: finished visits until the server has them safely. A database of its own with a frozen schema, so that no
 * update of the rest can ever touch unsent work. It knows no form: a visit is sealed bytes with a hash.
 *
 * Why each crash point is safe: a visit and its number are one strict transaction, and it counts as saved only after its
 * bytes were read back; `sending` is on disk before the network is touched, so what might have left is never altered;
 * a state is moved on only by an answer that named the item.
 */
import { ClientError, type OutboxState } from '@/protocol/types';
import type { Database, Schema, Tx } from './idb';

/** Frozen: columns may be added, never renamed, retyped or dropped. Everything but `sealed` is ids, states and counts. */
export interface OutboxRecord {
  id: string;
  install: string;
  n: number;
  /** SHA-256 of the body's UTF-8 bytes. */
  sha: string;
  state: Exclude<OutboxState, 'returned'>;
  why: string | null;
  /** The data key that seals it. */
  vault: string;
  /** A pull begun after the server had it has finished: the base copy speaks for it now (rule C3). */
  pulled: boolean;
  sealed: ArrayBuffer;
  /** The body as only the server can open it: it leaves a locked phone too. Missing in items of the first builds. */
  post?: ArrayBuffer;
  /** Whose it is, an id; with `post`. */
  user?: string;
}

/** Sealed to the server, and for whom. */
export type Posted = Pick<OutboxRecord, 'post' | 'user'>;
export type Prepared = Pick<OutboxRecord, 'sha' | 'vault' | 'sealed'> & Posted;
export type Prepare = (n: number, install: string) => Promise<Prepared>;
export type Change = Partial<Pick<OutboxRecord, 'state' | 'why' | 'pulled'>>;

export const OUTBOX: Schema = {
  name: 'fs-outbox',
  version: 1,
  upgrade(db) {
    db.createObjectStore('items', { keyPath: 'id' });
    db.createObjectStore('meta', { keyPath: 'key' });
  },
};

interface Place {
  install: string;
  counter: number;
}
/** A number is only lost to a visit that was written meanwhile, so this many would have to be finished at once. */
const TRIES = 50;

export class Outbox {
  constructor(
    private readonly db: Database,
    private readonly newId: () => string,
  ) {}

  /** All items, oldest first. */
  async all(): Promise<OutboxRecord[]> {
    const items = await this.db.read(['items'], (tx) => tx.all<OutboxRecord>('items'));
    return items.sort((a, b) => a.n - b.n);
  }

  get(id: string): Promise<OutboxRecord | undefined> {
    return this.db.read(['items'], (tx) => tx.get<OutboxRecord>('items', id));
  }

  /** This storage's random name and the last number given; made on first use. */
  async place(): Promise<Place> {
    const known = await this.db.read(['meta'], readPlace);
    if (known) return known;
    const install = this.newId();
    return this.db.write(['meta'], async (tx) => {
      const meanwhile = await readPlace(tx);
      if (meanwhile) return meanwhile;
      await tx.put('meta', { key: 'place', install, counter: 0 });
      return { install, counter: 0 };
    });
  }

  /** Writes a new item under the next number. Another tab may take the number first; then it is prepared again. */
  async add(id: string, prepare: Prepare): Promise<OutboxRecord> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const existing = await this.get(id);
      if (existing) return existing;
      const { install, counter } = await this.place();
      const n = counter + 1;
      const item = fresh(id, install, n, await prepare(n, install));
      const written = await this.db.write(['items', 'meta'], async (tx) => {
        if ((await readPlace(tx))?.counter !== counter) return false;
        await tx.put('meta', { key: 'place', install, counter: n });
        await tx.put('items', item);
        return true;
      });
      if (written) return item;
    }
    throw new ClientError('storage_broken', 'counter');
  }

  /** Other bytes for an item that has never been on its way; null if it has. */
  async replace(old: OutboxRecord, prepare: Prepare): Promise<OutboxRecord | null> {
    const item = fresh(old.id, old.install, old.n, await prepare(old.n, old.install));
    const written = await this.db.write(['items'], async (tx) => {
      const current = await tx.get<OutboxRecord>('items', old.id);
      if (current?.state !== 'waiting' || current.sha !== old.sha) return false;
      await tx.put('items', item);
      return true;
    });
    return written ? item : null;
  }

  /** Seals to the server what was finished before the phone knew its key. */
  async addPost(id: string, sha: string, posted: Posted): Promise<void> {
    await this.db.write(['items'], async (tx) => {
      const item = await tx.get<OutboxRecord>('items', id);
      if (item?.sha === sha && !item.post) await tx.put('items', { ...item, ...posted });
    });
  }

  /** Moves items on. `from` guards against an answer that comes late: only items in that state change. */
  async change(
    changes: ReadonlyMap<string, Change>,
    from?: readonly OutboxRecord['state'][],
  ): Promise<void> {
    if (!changes.size) return;
    await this.db.write(['items'], async (tx) => {
      for (const [id, change] of changes) {
        const item = await tx.get<OutboxRecord>('items', id);
        if (item && (!from || from.includes(item.state)))
          await tx.put('items', { ...item, ...change });
      }
    });
  }

  /** Lets go of visits about somebody who was erased; what may still have to be sent stays. */
  async forget(ids: readonly string[]): Promise<void> {
    await this.db.write(['items'], async (tx) => {
      for (const id of ids) {
        const item = await tx.get<OutboxRecord>('items', id);
        if (item && item.state !== 'waiting' && item.state !== 'sending')
          await tx.delete('items', id);
      }
    });
  }

  /** Other content for a visit that will never be sent again. */
  async hollow(id: string, prepared: Prepared): Promise<void> {
    await this.db.write(['items'], async (tx) => {
      const item = await tx.get<OutboxRecord>('items', id);
      if (item?.state === 'attention') await tx.put('items', { ...item, ...prepared });
    });
  }

  /** Removes items; those that aren't durable stay whatever the caller thinks. */
  async purge(ids: readonly string[]): Promise<void> {
    if (!ids.length) return;
    await this.db.write(['items'], async (tx) => {
      for (const id of ids) {
        const item = await tx.get<OutboxRecord>('items', id);
        if (item?.state === 'durable' && item.pulled) await tx.delete('items', id);
      }
    });
  }
}

function fresh(id: string, install: string, n: number, prepared: Prepared): OutboxRecord {
  return { id, install, n, ...prepared, state: 'waiting', why: null, pulled: false };
}

const UNSENT: readonly OutboxRecord['state'][] = ['waiting', 'sending'];
export const isToSend = ({ state }: OutboxRecord): boolean => UNSENT.includes(state);

async function readPlace(tx: Tx): Promise<Place | undefined> {
  return tx.get<Place>('meta', 'place');
}
