/**
 * What a phone sends that nobody has opened, or whose data key is gone: finished visits and their attachments, each sealed
 * to the server, signed by the phone. It can read none of it.
 */
import { toBase64 } from '@/crypto/bytes';
import type { PushItem } from '@/protocol/wire';
import type { BlobHead, BlobRecord, BlobShelf } from '@/store/blobs';
import type { Named } from '@/store/items';
import { isToSend, type Outbox, type OutboxRecord } from '@/store/outbox';
import { Transfer } from '@/store/transfer';
import type { SendContext } from './context';

/** What is sealed to the server, as it is sent. */
export function sealedItem({ id, n, sha, post }: OutboxRecord): PushItem | null {
  return post ? { id, n, sha, sealed: toBase64(post) } : null;
}
export function sealedBytes({ sealed, post }: BlobRecord) {
  return post ? { bytes: new Uint8Array(sealed), sealed: toBase64(post) } : null;
}

/** Which attachments each visit names, as the attachments themselves say. */
export function namedBy(records: readonly OutboxRecord[], heads: readonly BlobHead[]): Named {
  return new Map(
    records.map((record) => {
      const own = heads.filter(({ visits }) => visits.includes(record.id));
      return [record.id, { left: !isToSend(record), shas: own.map(({ sha }) => sha) }];
    }),
  );
}

/** Outbox and attachments as last read, for who may not open them. */
export class Waiting {
  heads: readonly BlobHead[] = [];
  private records: readonly OutboxRecord[] = [];

  constructor(
    readonly outbox: Outbox,
    readonly shelf: BlobShelf,
  ) {}

  async load(): Promise<void> {
    this.records = await this.outbox.all();
    this.heads = await this.shelf.heads().catch(() => this.heads);
  }

  unsent(): number {
    return this.records.filter(isToSend).length;
  }

  named(): Named {
    return namedBy(this.records, this.heads);
  }
}

type Rest = Omit<
  SendContext,
  'blobs' | 'transfer' | 'named' | 'isMine' | 'item' | 'bytes' | 'hollow' | 'outbox'
>;

/** user: whose phone it is. */
export function lockedContext(waiting: Waiting, user: string, rest: Rest): SendContext {
  return {
    ...rest,
    outbox: waiting.outbox,
    blobs: waiting,
    transfer: new Transfer(),
    named: () => waiting.named(),
    isMine: (one) => !!one.post && one.user === user,
    item: (record) => Promise.resolve(sealedItem(record)),
    bytes: (record) => Promise.resolve(sealedBytes(record)),
    hollow: () => Promise.resolve(),
  };
}
