/** The outbox with its seals open: what the screens list and what lies over the base copy. */
import { encode, sha256 } from '@/crypto/bytes';
import { sealToServer } from '@/crypto/toServer';
import {
  type Attached,
  ClientError,
  type OutboxItem,
  type Scope,
  type Submission,
} from '@/protocol/types';
import type { Addressee } from './blobs';
import { isToSend, type Outbox, type OutboxRecord, type Posted, type Prepared } from './outbox';
import type { Pending } from './overlay';
import type { Sealer } from './sealed';

/** What is sealed: the bytes to send, and what a list shows of them. */
export interface Content {
  form: string;
  scope: Scope;
  title: string;
  author: string;
  /** The submission's JSON, exactly as hashed and sent. */
  body: string;
}

interface Opened {
  record: OutboxRecord;
  content: Content;
  submission: Submission;
}

/** Hashes of attachments by visit. left: its text is with the server. */
export type Named = ReadonlyMap<string, { left: boolean; shas: readonly string[] }>;

/** The attachments a submission names; an older app named none. */
export const blobsIn = (submission: Submission): readonly string[] => submission.blobs ?? [];

const isHollow = ({ answers }: Submission) => Object.keys(answers).length === 0;

export class Items {
  private opened = new Map<string, Opened>();
  private unreadable: OutboxRecord[] = [];

  constructor(
    readonly outbox: Outbox,
    private readonly sealer: Sealer,
    private readonly to: () => Addressee,
  ) {}

  /** Reads states anew; a body is opened once, for it never changes under the same hash. */
  async load(): Promise<void> {
    const records = await this.outbox.all();
    const opened = await Promise.all(records.map((record) => this.open(record)));
    this.opened = new Map(opened.flatMap((item) => (item ? [[item.record.id, item]] : [])));
    this.unreadable = records.filter((record) => !this.opened.has(record.id));
  }

  async prepare(content: Content, id: string): Promise<Prepared> {
    const sealed = await this.sealer.seal('outbox', id, content);
    const sha = await sha256(content.body);
    return { sha, vault: this.sealer.vault, sealed, ...(await this.posted(id, sha, content.body)) };
  }

  /** Seals to the server what was finished before the phone knew its key. */
  async sealLagging(): Promise<void> {
    for (const record of await this.outbox.all()) {
      const body = record.post || !isToSend(record) ? null : await this.body(record);
      if (body === null) continue;
      const posted = await this.posted(record.id, record.sha, body);
      if (posted.post) await this.outbox.addPost(record.id, record.sha, posted);
    }
  }

  private async posted(id: string, sha: string, body: string): Promise<Posted> {
    const { user, server } = this.to();
    if (!server) return {};
    return { user, post: await sealToServer(server, ['visit', id, sha], encode(body)) };
  }

  /** Reads the item back in a transaction of its own and compares the hash. Only then is a visit saved. */
  async confirm(id: string, sha: string): Promise<void> {
    const record = await this.outbox.get(id);
    const body = record && (await this.body(record));
    if (!body || record.sha !== sha) throw new ClientError('storage_broken', 'read back');
  }

  /** The body, or null if this phone can't open it or it was damaged. */
  async body(record: OutboxRecord): Promise<string | null> {
    try {
      const { body } = await this.sealer.open<Content>('outbox', record.id, record.sealed);
      return (await sha256(body)) === record.sha ? body : null;
    } catch {
      return null;
    }
  }

  /** Of a visit that was refused because of whom it is about, only its day and form stay. */
  async hollow(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const item = this.opened.get(id);
      if (!item || isHollow(item.submission)) continue;
      const { at, form, fv } = item.submission;
      const nothing = { id, at, form, fv, entities: [], ops: [], answers: {}, blobs: [] };
      const content = { ...item.content, title: '', body: JSON.stringify(nothing) };
      await this.outbox.hollow(id, await this.prepare(content, id));
    }
  }

  all(): Opened[] {
    return [...this.opened.values()];
  }

  /** What only the server can open. */
  closed(): readonly OutboxRecord[] {
    return this.unreadable;
  }

  submission(id: string): Submission | undefined {
    return this.opened.get(id)?.submission;
  }

  content(id: string): Content | undefined {
    return this.opened.get(id)?.content;
  }

  /** What each visit names, of those that can be opened. */
  named(): Named {
    return new Map(
      [...this.opened].map(([id, { record, submission }]) => {
        const left = record.state !== 'waiting' && record.state !== 'sending';
        return [id, { left, shas: blobsIn(submission) }];
      }),
    );
  }

  /** The visits whose answers name an attachment, by its hash. */
  naming(sha: string): string[] {
    const all = [...this.opened.values()];
    return all.filter((item) => blobsIn(item.submission).includes(sha)).map((it) => it.record.id);
  }

  /** Whether a later visit of this phone corrects it. */
  isCorrected(id: string): boolean {
    return [...this.opened.values()].some(({ submission }) => submission.corrects === id);
  }

  /** Over the base copy, in the order of finishing. */
  pending(): Pending[] {
    return [...this.opened.values()]
      .filter(({ record }) => !record.pulled)
      .map(({ content, submission }) => ({
        scope: content.scope,
        author: content.author,
        submission,
      }));
  }

  has(id: string): boolean {
    return this.opened.has(id) || this.unreadable.some((record) => record.id === id);
  }

  unsent(): number {
    const all = [...this.all().map(({ record }) => record), ...this.unreadable];
    return all.filter(isToSend).length;
  }

  /** As `unsent`, by scope; what can't be opened here is of none. */
  waiting(): Record<Scope, number> {
    const unsent = this.all().filter(({ record }) => isToSend(record));
    const of = (scope: Scope) => unsent.filter(({ content }) => content.scope === scope).length;
    return { health: of('health'), housing: of('housing') };
  }

  /** Newest first. sending: whether a sync is under way; if not, what may have left still waits. */
  list(
    sending: boolean,
    returned: ReadonlySet<string>,
    attached: (shas: readonly string[]) => Attached | null,
  ): OutboxItem[] {
    const items = [...this.opened.values()].map(({ record, content, submission }): OutboxItem => {
      const { id, n, why } = record;
      const state = record.state === 'sending' && !sending ? 'waiting' : record.state;
      const { form, scope, title } = content;
      const shown = returned.has(id) ? 'returned' : state;
      const files = attached(blobsIn(submission));
      return { id, n, form, scope, title, at: submission.at, state: shown, why, attached: files };
    });
    return items.sort((a, b) => b.n - a.n);
  }

  private async open(record: OutboxRecord): Promise<Opened | null> {
    const known = this.opened.get(record.id);
    if (known?.record.sha === record.sha) return { ...known, record };
    try {
      const content = await this.sealer.open<Content>('outbox', record.id, record.sealed);
      return { record, content, submission: JSON.parse(content.body) as Submission };
    } catch {
      return null;
    }
  }
}
