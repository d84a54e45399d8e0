/**
 * What phones do to IndexedDB, done to one disk at its k-th request or commit: fail, be full, be closed by the system, or
 * write and say it didn't. Reaches into fake-indexeddb, for only there a commit can be made to fail.
 */
import { forceCloseDatabase } from 'fake-indexeddb';

/** At a request. full: writes only, and deleting still works. */
const AT_REQUEST = ['request fails', 'disk full', 'connection closed'] as const;
/** At the end of a transaction that writes. unsaid: what was written stays, but is told as failed. */
const AT_COMMIT = ['commit fails', 'disk full at commit', 'commit unsaid'] as const;
export const FAULTS = [...AT_REQUEST, ...AT_COMMIT] as const;
export type Fault = (typeof FAULTS)[number];
export type Lasting = 'once' | 'from then on';

interface Inside extends IDBTransaction {
  _state: string;
  _rollbackLog: unknown[];
  _abort(name: string): void;
  _execRequestAsync(request: { operation: () => unknown; source: object }): IDBRequest;
}
interface Connection extends IDBDatabase {
  _rawDatabase: { transactions: Inside[] };
}
const proto = IDBTransaction.prototype as unknown as Inside;
const { _execRequestAsync, dispatchEvent } = proto;

const ERROR: Record<Fault, string> = {
  'request fails': 'UnknownError',
  'disk full': 'QuotaExceededError',
  'connection closed': 'AbortError',
  'commit fails': 'UnknownError',
  'disk full at commit': 'QuotaExceededError',
  'commit unsaid': 'UnknownError',
};
const isAtCommit = (fault: Fault) => (AT_COMMIT as readonly string[]).includes(fault);

/** One fault on one disk. Only one at a time; `lift()` ends it. */
export class Trouble {
  /** Requests or commits so far that it could have struck. */
  seen = 0;
  struck = 0;

  constructor(
    private readonly factory: IDBFactory,
    private readonly fault: Fault,
    private readonly at: number,
    private readonly lasting: Lasting,
  ) {
    const trouble = this;
    if (isAtCommit(fault))
      proto.dispatchEvent = function (this: Inside, event: Event) {
        return trouble.atCommit(this, event);
      };
    else
      proto._execRequestAsync = function (this: Inside, request) {
        return _execRequestAsync.call(this, trouble.atRequest(this, request));
      };
  }

  lift(): void {
    Object.assign(proto, { _execRequestAsync, dispatchEvent });
  }

  private strikes(): boolean {
    this.seen += 1;
    const now = this.lasting === 'once' ? this.seen === this.at : this.seen >= this.at;
    if (now) this.struck += 1;
    return now;
  }

  private isHere(tx: Inside): boolean {
    const { _databases } = this.factory as unknown as { _databases: Map<string, object> };
    const raw = (tx.db as Connection)._rawDatabase;
    return [...(_databases?.values() ?? [])].includes(raw);
  }

  private atRequest(tx: Inside, request: Parameters<Inside['_execRequestAsync']>[0]) {
    const isPut = request.operation.name.includes('storeRecord');
    if (!this.isHere(tx) || (this.fault === 'disk full' && !isPut)) return request;
    if (!this.strikes()) return request;
    const operation = () => {
      if (this.fault === 'connection closed') close(tx);
      throw new DOMException('', ERROR[this.fault]);
    };
    return { ...request, operation };
  }

  private atCommit(tx: Inside, event: Event): boolean {
    const commits = event.type === 'complete' && tx.mode === 'readwrite' && this.isHere(tx);
    if (!commits || !this.strikes()) return dispatchEvent.call(tx, event);
    if (this.fault === 'commit unsaid') tx._rollbackLog = [];
    tx._abort(ERROR[this.fault]);
    return true;
  }
}

/** As the system does it: what runs on the connection is aborted, and the app is told `close`. */
function close(tx: Inside): void {
  const db = tx.db as Connection;
  for (const other of db._rawDatabase.transactions)
    if (other !== tx && other.db === db && other._state !== 'finished') other._abort('AbortError');
  queueMicrotask(() => forceCloseDatabase(db as never));
}
