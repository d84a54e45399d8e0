/**
 * IndexedDB as phones really have it: opening that never ends, connections that die, disks that are full. Everything above
 * this module sees promises and ClientErrors. Knows no store's meaning.
 */
import { ClientError } from '@/protocol/types';

export interface Schema {
  name: string;
  version: number;
  /** Additive only: an older app may meet a newer database. */
  upgrade(db: IDBDatabase, from: number): void;
}

/** One transaction; its requests as promises. Awaiting anything else inside lets it commit early. */
export class Tx {
  constructor(private readonly tx: IDBTransaction) {}

  get<T>(store: string, key: IDBValidKey): Promise<T | undefined> {
    return done(this.tx.objectStore(store).get(key) as IDBRequest<T | undefined>);
  }
  all<T>(store: string, range?: IDBKeyRange): Promise<T[]> {
    return done(this.tx.objectStore(store).getAll(range) as IDBRequest<T[]>);
  }
  keys(store: string): Promise<string[]> {
    return done(this.tx.objectStore(store).getAllKeys() as IDBRequest<string[]>);
  }
  put(store: string, value: unknown): Promise<IDBValidKey> {
    return done(this.tx.objectStore(store).put(value));
  }
  delete(store: string, key: IDBValidKey | IDBKeyRange): Promise<undefined> {
    return done(this.tx.objectStore(store).delete(key));
  }
  clear(store: string): Promise<undefined> {
    return done(this.tx.objectStore(store).clear());
  }
}

export type Durability = 'strict' | 'relaxed';
const OPEN_TIMEOUT = 5_000;

export class Database {
  private connection: Promise<IDBDatabase> | null = null;

  constructor(
    private readonly schema: Schema,
    private readonly factory: IDBFactory = indexedDB,
    private readonly openTimeout = OPEN_TIMEOUT,
  ) {}

  read<T>(stores: string[], body: (tx: Tx) => Promise<T>): Promise<T> {
    return this.run(stores, 'readonly', 'relaxed', body);
  }

  /** Resolves when the transaction has completed; by default when the disk says so. */
  write<T>(
    stores: string[],
    body: (tx: Tx) => Promise<T>,
    durability: Durability = 'strict',
  ): Promise<T> {
    return this.run(stores, 'readwrite', durability, body);
  }

  async close(): Promise<void> {
    const open = this.connection;
    this.connection = null;
    (await open?.catch(() => null))?.close();
  }

  /** A connection that died while nobody looked is replaced once; what then fails is told. */
  private async run<T>(
    stores: string[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    body: (tx: Tx) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const tx = await this.begin(stores, mode, durability);
      try {
        return await completed(tx, body);
      } catch (error) {
        if (!isConnectionLost(error) || attempt > 1) throw storageError(error);
        await this.close();
      }
    }
  }

  private async begin(
    stores: string[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
  ): Promise<IDBTransaction> {
    for (let attempt = 1; ; attempt++) {
      try {
        const db = await this.connect();
        // TypeScript's IDBTransactionMode is narrower than what versionchange transactions have; durability is a hint.
        return db.transaction(stores, mode, { durability });
      } catch (error) {
        this.connection = null;
        if (attempt > 1) throw storageError(error);
      }
    }
  }

  private connect(): Promise<IDBDatabase> {
    this.connection ??= this.open();
    return this.connection;
  }

  private async open(): Promise<IDBDatabase> {
    const opening = this.request();
    const db = await withTimeout(opening, this.openTimeout).catch((error: unknown) => {
      // What opens after we gave up must not stand in the way of an update.
      opening.then(
        (late) => late.close(),
        () => undefined,
      );
      throw error;
    });
    const forget = () => {
      this.connection = null;
    };
    db.onclose = forget;
    db.onversionchange = () => {
      forget();
      db.close();
    };
    return db;
  }

  private request(): Promise<IDBDatabase> {
    const request = this.factory.open(this.schema.name, this.schema.version);
    request.onupgradeneeded = (event) => this.schema.upgrade(request.result, event.oldVersion);
    return done(request);
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The body's result, but only after `complete`. A body that throws aborts the transaction. */
async function completed<T>(tx: IDBTransaction, body: (tx: Tx) => Promise<T>): Promise<T> {
  const finished = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new DOMException('aborted', 'AbortError'));
    tx.onerror = () => undefined;
  });
  finished.catch(() => undefined);
  let result: T;
  try {
    result = await body(new Tx(tx));
  } catch (error) {
    abort(tx);
    // The transaction's own reason (a full disk) says more than the request's.
    if (tx.error?.name === 'QuotaExceededError') throw tx.error;
    throw error;
  }
  await finished;
  return result;
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended already, which is all that was wanted.
  }
}

function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DOMException('opening', 'TimeoutError')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** AbortError: how a connection that the system closes ends what was running on it. */
const LOST = new Set(['AbortError', 'InvalidStateError', 'UnknownError', 'TimeoutError']);
const isConnectionLost = (error: unknown) => error instanceof Error && LOST.has(error.name);

/** `storage` for a full disk, `storage_broken` for everything else; other people's errors pass. */
function storageError(error: unknown): unknown {
  if (error instanceof ClientError || !(error instanceof DOMException)) return error;
  return new ClientError(
    error.name === 'QuotaExceededError' ? 'storage' : 'storage_broken',
    error.name,
  );
}
