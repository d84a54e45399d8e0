/** The storage of phones: one that can fail between any two operations, and be copied as it stands. */
import { IDBFactory } from 'fake-indexeddb';
import Connection from 'fake-indexeddb/lib/FDBDatabase';
import Transaction from 'fake-indexeddb/lib/FDBTransaction';

/** From switching on to switching off. Whatever still runs after its end touches nothing any more. */
export class Life {
  isOver = false;
  /** Storage operations so far: requests and commits. */
  operations = 0;
  private endsAt = Number.POSITIVE_INFINITY;
  private readonly open = new Set<IDBTransaction>();
  private tell: () => void = () => undefined;
  /** Resolves when it ends. */
  readonly over = new Promise<void>((resolve) => {
    this.tell = resolve;
  });

  /** Ends it with the k-th operation from now on. */
  endAfter(operations: number): void {
    this.endsAt = this.operations + operations;
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const tx of this.open) abort(tx);
    this.tell();
  }

  /** A request is about to be made, or a transaction begun: nothing of either happens if this is the end. */
  step(): void {
    if (!this.isOver) this.count();
    if (this.isOver) throw new DOMException('the phone is off', 'AbortError');
  }

  began(tx: IDBTransaction): void {
    this.open.add(tx);
    tx.addEventListener('complete', () => {
      this.open.delete(tx);
      if (!this.isOver) this.count();
    });
    tx.addEventListener('abort', () => this.open.delete(tx));
  }

  private count(): void {
    this.operations += 1;
    if (this.operations >= this.endsAt) this.end();
  }
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It had ended.
  }
}

const lives = new WeakMap<object, Life>();

interface Requests {
  db: IDBDatabase;
  _execRequestAsync(what: object): IDBRequest;
}
const transactions = Transaction.prototype as unknown as Requests;
const makeRequest = transactions._execRequestAsync;
transactions._execRequestAsync = function request(this: Requests, what: object) {
  lives.get(this.db)?.step();
  return makeRequest.call(this, what);
};
const connections = Connection.prototype as unknown as IDBDatabase;
const begin = connections.transaction;
connections.transaction = function transaction(this: IDBDatabase, ...what) {
  const life = lives.get(this);
  if (life?.isOver) throw new DOMException('the phone is off', 'AbortError');
  const tx = begin.apply(this, what);
  life?.began(tx);
  return tx;
};

/** A disk as one life sees it. */
export function disk(factory: IDBFactory, life: Life): IDBFactory {
  const seen = {
    open(name: string, version?: number) {
      if (life.isOver) throw new DOMException('the phone is off', 'AbortError');
      const request = factory.open(name, version);
      request.addEventListener('success', () => lives.set(request.result, life));
      return request;
    },
  };
  return seen as unknown as IDBFactory;
}

interface Raw {
  name: string;
  version: number;
  rawObjectStores: Map<string, RawStore>;
  constructor: new (name: string, version: number) => Raw;
}
interface RawStore {
  name: string;
  keyPath: string;
  records: { values(): Iterable<object>; put(record: object): void };
  constructor: new (db: Raw, name: string, keyPath: string, auto: boolean) => RawStore;
}

/** Byte for byte what another disk holds: records never change once written, so both may hold the same. */
export function copyOf(from: IDBFactory): IDBFactory {
  const copy = new IDBFactory();
  const databases = (factory: IDBFactory) =>
    (factory as unknown as { _databases: Map<string, Raw> })._databases;
  for (const [name, old] of databases(from)) {
    const made = new old.constructor(name, old.version);
    for (const store of old.rawObjectStores.values()) {
      const same = new store.constructor(made, store.name, store.keyPath, false);
      for (const record of store.records.values()) same.records.put(record);
      made.rawObjectStores.set(store.name, same);
    }
    databases(copy).set(name, made);
  }
  return copy;
}

/** What lies in a store at this moment, read past the life that may still be writing. */
export function rowsOf<T>(factory: IDBFactory, database: string, store: string): T[] {
  const databases = (factory as unknown as { _databases: Map<string, Raw> })._databases;
  const records = databases.get(database)?.rawObjectStores.get(store)?.records.values() ?? [];
  return [...records].map((record) => (record as { value: T }).value);
}
