/**
 * Visits being filled. Each draft carries the id its submission will have, so that a crash between writing the outbox
 * and removing the draft leaves no second visit; and the register values that stood when the form first met each
 * entity: what the worker was shown. Knows no outbox.
 */
import { toBase64 } from '@/crypto/bytes';
import { DATA, kindOf } from '@/crypto/seal';
import type { AnswerValue, DraftMeta, LiveValue, StoredDraft } from '@/protocol/types';
import type { Database } from './idb';
import type { Sealer } from './sealed';

/** Live values by entity and register. */
export type Seen = Record<string, Record<string, LiveValue[]>>;
export type LiveOf = (entity: string) => Record<string, LiveValue[]> | undefined;

interface Row {
  id: string;
  sid: string;
  /** Changed after its visit had reached the outbox: not a mere leftover. */
  reopened: boolean;
  head: ArrayBuffer;
  body: ArrayBuffer;
}
interface Body {
  draft: StoredDraft['draft'];
  seen: Seen;
}
interface Entry {
  sid: string;
  reopened: boolean;
  meta: DraftMeta;
  seen: Seen;
  /** The number of the change here that made it; 0: read from the disk. */
  change: number;
}
interface Save {
  draft: StoredDraft;
  done: Promise<void>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class Drafts {
  private entries = new Map<string, Entry>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly queued = new Map<string, Save>();
  /** Finished or thrown away; a form still closing may try to save once more. */
  private readonly gone = new Set<string>();
  /** Finished or thrown away in another tab, or too old: whoever still fills one here fills the same visit. */
  private readonly former = new Map<string, Entry>();
  /** Made here so far. */
  private changes = 0;

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
    private readonly newId: () => string,
    private readonly liveOf: LiveOf,
    private readonly isFinished: (sid: string) => boolean,
  ) {}

  /** One that can't be read is left where it is; it must not keep the others from being opened. */
  async load(): Promise<void> {
    const { changes } = this;
    const onItsWay = new Set([...this.running.keys(), ...this.queued.keys()]);
    const rows = await this.db.read(['drafts'], (tx) => tx.all<Row>('drafts'));
    const entries = await Promise.all(
      rows.map(async (row) => [row.id, await this.entry(row).catch(() => null)] as const),
    );
    const loaded = new Map(
      entries.flatMap(([id, entry]) => (entry && !this.gone.has(id) ? [[id, entry]] : [])),
    );
    // What was on its way to the disk, or came up since, is newer than what was read.
    for (const [id, entry] of this.entries)
      if (onItsWay.has(id) || entry.change > changes) loaded.set(id, entry);
    for (const [id, entry] of this.entries) if (!loaded.has(id)) this.former.set(id, entry);
    this.entries = loaded;
  }

  /** Newest first. */
  list(): DraftMeta[] {
    const metas = [...this.entries.values()].map((entry) => entry.meta);
    return metas.sort((a, b) => (a.updated < b.updated ? 1 : -1));
  }

  /** For a form that opens: what was finished or thrown away here begins anew, and is kept again. */
  open(id: string): Promise<StoredDraft | undefined> {
    this.gone.delete(id);
    return this.get(id);
  }

  async get(id: string): Promise<StoredDraft | undefined> {
    await this.running.get(id);
    const row = await this.db.read(['drafts'], (tx) => tx.get<Row>('drafts', id));
    if (!row) return undefined;
    const [meta, body] = await Promise.all([
      this.metaOf(row),
      this.sealer.open<Body>('drafts', `${id}/body`, row.body),
    ]);
    return { ...meta, draft: body.draft };
  }

  /** What finishing needs to know of a draft. */
  entryOf(id: string): Pick<Entry, 'sid' | 'seen'> | undefined {
    return this.entries.get(id);
  }

  /** The draft a crash left behind after its visit reached the outbox. */
  leftoverOf(sid: string): string | undefined {
    return [...this.entries].find(([, entry]) => entry.sid === sid && !entry.reopened)?.[0];
  }

  /**
   * Durable when it resolves. While one save is on its way to the disk, only the newest of those that follow is kept:
   * each holds the whole draft.
   */
  save(draft: StoredDraft): Promise<void> {
    if (this.gone.has(draft.id)) return Promise.resolve();
    this.entries.set(draft.id, this.noted(draft));
    const waiting = this.queued.get(draft.id);
    if (waiting) {
      waiting.draft = draft;
      return waiting.done;
    }
    const before = this.running.get(draft.id);
    if (!before) return this.start(draft);
    const next = () => {
      const save = this.queued.get(draft.id);
      this.queued.delete(draft.id);
      return save ? this.start(save.draft) : Promise.resolve();
    };
    const save: Save = { draft, done: before.then(next, next) };
    this.queued.set(draft.id, save);
    return save.done;
  }

  async remove(id: string): Promise<void> {
    this.gone.add(id);
    try {
      // Whole on the disk first, if it can't go.
      await (this.queued.get(id)?.done ?? this.running.get(id))?.catch(() => undefined);
      await this.db.write(['drafts'], (tx) => tx.delete('drafts', id));
    } catch (error) {
      this.gone.delete(id);
      throw error;
    }
    this.entries.delete(id);
  }

  /** Unless somebody went on with it since it was as `meta` says, here or in another tab. Whether it is gone. */
  async removeUntouched({ id, updated }: Pick<DraftMeta, 'id' | 'updated'>): Promise<boolean> {
    const row = await this.db.read(['drafts'], (tx) => tx.get<Row>('drafts', id));
    if (!row || (await this.metaOf(row).catch(() => null))?.updated !== updated) return false;
    const isGone = await this.db.write(['drafts'], async (tx) => {
      const now = await tx.get<Row>('drafts', id);
      // Sealed anew with each save, so never twice the same.
      if (!now || toBase64(now.head) !== toBase64(row.head)) return false;
      await tx.delete('drafts', id);
      return true;
    });
    // What is being saved this moment brings it back.
    if (!isGone || this.running.has(id) || this.queued.has(id)) return false;
    const entry = this.entries.get(id);
    if (entry) this.former.set(id, entry);
    this.entries.delete(id);
    return true;
  }

  /** A new submission id for a draft whose first one has already left. */
  async renumber(id: string): Promise<string> {
    const sid = this.newId();
    await this.db.write(['drafts'], async (tx) => {
      const row = await tx.get<Row>('drafts', id);
      if (row) await tx.put('drafts', { ...row, sid, reopened: false });
    });
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, { ...entry, sid, reopened: false, change: ++this.changes });
    return sid;
  }

  private start(draft: StoredDraft): Promise<void> {
    const done = this.write(draft).finally(() => {
      if (this.running.get(draft.id) === done) this.running.delete(draft.id);
    });
    this.running.set(draft.id, done);
    return done;
  }

  private async write(stored: StoredDraft): Promise<void> {
    const { draft, ...meta } = stored;
    const entry = this.entries.get(stored.id);
    if (!entry) return;
    const body: Body = { draft, seen: entry.seen };
    const [sealedHead, sealedBody] = await Promise.all([
      this.sealer.sealWork('drafts', `${stored.id}/head`, meta),
      this.sealer.sealWork('drafts', `${stored.id}/body`, body),
    ]);
    const { sid, reopened } = entry;
    const row: Row = { id: stored.id, sid, reopened, head: sealedHead, body: sealedBody };
    await this.db.write(['drafts'], (tx) => tx.put('drafts', row));
  }

  /** Drafts of the first builds were sealed by the data key, and would go with it. */
  async sealLagging(): Promise<void> {
    const rows = await this.db.read(['drafts'], (tx) => tx.all<Row>('drafts'));
    for (const { id, head } of rows) {
      const stored = kindOf(head) === DATA && (await this.get(id).catch(() => undefined));
      if (stored && !this.running.has(id) && !this.queued.has(id)) await this.write(stored);
    }
  }

  /** The draft as listed, with entities it now mentions noted as they stand. */
  private noted({ draft, ...meta }: StoredDraft): Entry {
    const before = this.entries.get(meta.id) ?? this.former.get(meta.id);
    const seen: Seen = { ...before?.seen };
    for (const id of mentioned(draft.answers)) {
      const live = seen[id] ? undefined : this.liveOf(id);
      if (live) seen[id] = live;
    }
    const sid = before?.sid ?? this.newId();
    return { sid, reopened: this.isFinished(sid), meta, seen, change: ++this.changes };
  }

  private async entry(row: Row): Promise<Entry> {
    const [meta, body] = await Promise.all([
      this.metaOf(row),
      this.sealer.open<Body>('drafts', `${row.id}/body`, row.body),
    ]);
    return { sid: row.sid, reopened: row.reopened, meta, seen: body.seen, change: 0 };
  }

  private metaOf({ id, head }: Row): Promise<DraftMeta> {
    return this.sealer.open<DraftMeta>('drafts', `${id}/head`, head);
  }
}

/** Everything in the answers that looks like an entity's id. */
export function mentioned(answers: AnswerValue): string[] {
  if (typeof answers === 'string') return UUID.test(answers) ? [answers] : [];
  return Object.values(answers).flatMap((value) => mentioned(value as AnswerValue));
}
