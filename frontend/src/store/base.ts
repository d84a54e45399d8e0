/**
 * The base copy: what the server last said, feed by feed. In memory it is plain; on disk it lies in sealed buckets of many
 * entities, so that opening a village of 5,000 records is a few dozen decryptions. A page and its cursor are one
 * transaction; memory follows only after it has completed.
 */
import { type Bytes, decode } from '@/crypto/bytes';
import { checksum } from '@/protocol/merge';
import type { LiveValue, Scope, WireChange, WireSid, WireValue } from '@/protocol/types';
import type { Database, Tx } from './idb';
import { type SealedRecord, type Sealer, writeOwn } from './sealed';
import { slices } from './slices';

/**
 * One entity as one feed shows it. rx orders copies of the same entity from different feeds by receipt. gone: it left the
 * feed; it may be on its way into another. Its values stay as they came, because most of 5,000 records are never looked at:
 * `liveIn` reads them.
 */
export interface Held {
  t: string;
  s: Scope | 'core';
  a: string[];
  ver: string;
  rx: number;
  f: WireFields;
  sids: readonly WireSid[];
  gone?: true;
}

/** What a register holds. */
export function liveIn({ f, sids }: Held, register: string): LiveValue[] {
  return (f[register] ?? []).map(([v, i, op, on]) => {
    const [sid, by, at] = sids[i] as WireSid;
    return { v, dot: `${sid}:${op}`, on, at, by };
  });
}

/** The newest copy of each register; feeds of one audience hold the same, so order only matters while pages arrive. */
export function union(copies: readonly Held[]): Held {
  const ordered = [...copies].sort((a, b) => a.rx - b.rx);
  const sids = ordered.flatMap((copy) => copy.sids);
  const f: WireFields = {};
  let before = 0;
  for (const copy of ordered) {
    for (const register of Object.keys(copy.f)) f[register] = shifted(copy.f[register], before);
    before += copy.sids.length;
  }
  const areas = new Set(copies.flatMap((copy) => copy.a));
  return { ...(ordered[0] as Held), a: [...areas].sort(), f, sids };
}

const shifted = (values: readonly WireValue[] = [], by: number): WireValue[] =>
  values.map(([v, sid, op, on]) => [v, sid + by, op, on]);

/** anew: the feed began anew with that generation; what came before it is gone, unless it comes again. */
export interface Cursor {
  feed: string;
  epoch: string;
  seq: number;
  view: string;
  anew?: number;
}

/** What a page does to one feed. reset: it starts the copy anew. */
export interface FeedChange {
  cursor: Cursor;
  reset: boolean;
  changes: readonly WireChange[];
  sids: readonly WireSid[];
}

/** On disk: authors and dates once per bucket, values as in the wire. */
interface StoredBucket {
  sids: WireSid[];
  e: Record<string, StoredHeld>;
}
type StoredHeld = [
  t: string,
  s: Held['s'],
  a: string[],
  ver: string,
  rx: number,
  f: WireFields,
  gone?: true,
];
type WireFields = Record<string, WireValue[]>;
type Bucket = ReadonlyMap<string, Held>;
interface Feed {
  cursor: Cursor;
  buckets: ReadonlyMap<string, Bucket>;
}

const NO_CURSOR: Cursor = { feed: '', epoch: '', seq: 0, view: '' };

interface Generation {
  key: 'generation';
  value: number;
}

/** The copy's number on disk, one more with every change: whoever writes it says so, in the same transaction. */
const generationIn = async (tx: Tx): Promise<number> =>
  (await tx.get<Generation>('meta', 'generation'))?.value ?? 0;
const setGeneration = (tx: Tx, value: number): Promise<unknown> =>
  tx.put('meta', { key: 'generation', value } satisfies Generation);

/** Of a copy begun anew: where counting begins no earlier copy has been, for who still has read that one. */
export function beginCounting(tx: Tx): Promise<unknown> {
  const [start = 0] = crypto.getRandomValues(new Uint32Array(1));
  return setGeneration(tx, start);
}

/** The copy as it lies on disk, readable by nobody yet. */
export interface SealedBase {
  rows: SealedRecord[];
  cursors: Cursor[];
  generation: number;
}

export function readSealed(db: Database): Promise<SealedBase> {
  return db.read(['base', 'cursors', 'meta'], async (tx) => ({
    rows: await tx.all<SealedRecord>('base'),
    cursors: await tx.all<Cursor>('cursors'),
    generation: await generationIn(tx),
  }));
}

export class Base {
  private feeds = new Map<string, Feed>();
  /** Another one with every change. */
  generation = 0;

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
  ) {}

  /** Reads everything; also what another tab wrote. early: as it was read before, good if nothing was written since. */
  async load(early: SealedBase | null = null): Promise<void> {
    const isCurrent = early?.generation === (await this.storedGeneration());
    const { rows, cursors, generation } = isCurrent ? early : await readSealed(this.db);
    const buckets = await this.openAll(rows);
    this.feeds = new Map(
      cursors.map((cursor) => [
        cursor.feed,
        { cursor, buckets: bucketsOf(cursor.feed, rows, buckets) },
      ]),
    );
    this.generation = generation;
  }

  /** Loads again if another tab has written since. */
  async refresh(): Promise<boolean> {
    if ((await this.storedGeneration()) === this.generation) return false;
    await this.load();
    return true;
  }

  private storedGeneration(): Promise<number> {
    return this.db.read(['meta'], generationIn);
  }

  cursors(): Cursor[] {
    return [...this.feeds.values()].map((feed) => feed.cursor);
  }

  /**
   * All copies of all entities. What is gone from one feed and not yet in another is still shown: the line may break before
   * the page that brings it, and nobody may look for a record in vain.
   */
  *entities(): Generator<[id: string, held: Held]> {
    const gone: [string, Held][] = [];
    for (const { cursor, buckets } of this.feeds.values())
      for (const bucket of buckets.values())
        for (const one of bucket) {
          if (isGone(one[1], cursor)) gone.push(one);
          else yield one;
        }
    for (const one of gone) if (!this.isHere(one[0])) yield one;
  }

  private isHere(id: string): boolean {
    return [...this.feeds.values()].some(({ cursor, buckets }) => {
      const held = buckets.get(bucketOf(id))?.get(id);
      return held !== undefined && !isGone(held, cursor);
    });
  }

  /** The versions held of one feed, by entity. */
  versions(feed: string): Map<string, string> {
    const found = new Map<string, string>();
    const { cursor, buckets } = this.feeds.get(feed) ?? untouched(undefined);
    for (const bucket of buckets.values()) {
      for (const [id, held] of bucket) if (!isGone(held, cursor)) found.set(id, held.ver);
    }
    return found;
  }

  /** Checksum and count of one feed, to compare with the server's. */
  tally(feed: string): { sum: string; count: number } {
    const versions = this.versions(feed);
    return { sum: checksum(versions.values()), count: versions.size };
  }

  /**
   * Applies changes, several to one feed in their order, with the cursors, in one transaction. isWhole: all feeds are
   * complete with them, so what is gone is forgotten.
   */
  async apply(changes: readonly FeedChange[], isWhole: boolean): Promise<void> {
    const generation = this.generation + 1;
    const next = new Map<string, Changed>();
    for (const change of changes) {
      const { feed } = change.cursor;
      next.set(
        feed,
        changed(next.get(feed) ?? untouched(this.feeds.get(feed)), change, generation),
      );
    }
    if (isWhole) {
      for (const [name, feed] of [...this.feeds, ...next]) {
        const left = withoutGone(next.get(name) ?? untouched(feed));
        if (left) next.set(name, left);
      }
    }
    if (!next.size) return;
    const rows = await Promise.all(
      [...next].flatMap(([name, feed]) => this.sealTouched(name, feed)),
    );
    await writeOwn(this.db, this.sealer.vault, ['base', 'cursors'], async (tx) => {
      for (const feed of next.values()) await tx.put('cursors', feed.cursor);
      for (const row of rows) await tx.put('base', row);
      await setGeneration(tx, generation);
    });
    for (const [name, { cursor, buckets }] of next) this.feeds.set(name, { cursor, buckets });
    this.generation = generation;
  }

  /** Forgets feeds this user may no longer see. */
  async drop(feeds: readonly string[]): Promise<void> {
    const generation = this.generation + 1;
    await writeOwn(this.db, this.sealer.vault, ['base', 'cursors'], async (tx) => {
      for (const feed of feeds) {
        await tx.delete('base', rangeOf(feed));
        await tx.delete('cursors', feed);
      }
      await setGeneration(tx, generation);
    });
    for (const feed of feeds) this.feeds.delete(feed);
    this.generation = generation;
  }

  private sealTouched(name: string, feed: Changed): Promise<SealedRecord>[] {
    return [...feed.touched].map(async (hex) => {
      const key = `${name}#${hex}`;
      const bucket = packed(feed.buckets.get(hex) ?? new Map());
      return { key, sealed: await this.sealer.seal('base', key, bucket) };
    });
  }

  /** All are deciphered at once, in the browser's own threads; what is read of them goes in slices, a touch in between. */
  private async openAll(rows: readonly SealedRecord[]): Promise<Bucket[]> {
    const opening = rows.map(({ key, sealed }) =>
      this.sealer.openBytes('base', key, sealed).catch(() => null),
    );
    const slice = slices();
    const buckets: Bucket[] = [];
    for (const one of opening) {
      buckets.push(bucketIn(await one));
      await slice();
    }
    return buckets;
  }
}

function bucketIn(bytes: Bytes | null): Bucket {
  try {
    return bytes ? unpacked(JSON.parse(decode(bytes)) as StoredBucket) : new Map();
  } catch {
    // Damaged: the checksum will find what is missing, and the manifest bring it back.
    return new Map();
  }
}

/** A feed on its way to its next state, and which buckets must be written. */
interface Changed extends Feed {
  touched: ReadonlySet<string>;
}

function untouched(feed: Feed | undefined): Changed {
  const { cursor, buckets } = feed ?? { cursor: NO_CURSOR, buckets: new Map() };
  return { cursor, buckets, touched: new Set() };
}

function changed(before: Changed, change: FeedChange, rx: number): Changed {
  const copies = new Map<string, Map<string, Held>>();
  for (const one of change.changes) {
    const hex = bucketOf(one.e);
    const bucket = copies.get(hex) ?? new Map(before.buckets.get(hex));
    copies.set(hex, bucket);
    const held = bucket.get(one.e);
    if (one.k === 'up') bucket.set(one.e, heldOf(one, change.sids, rx));
    else if (held) bucket.set(one.e, { ...held, gone: true });
  }
  const anew = change.reset ? rx : before.cursor.anew;
  return {
    cursor: anew === undefined ? change.cursor : { ...change.cursor, anew },
    buckets: new Map<string, Bucket>([...before.buckets, ...copies]),
    touched: new Set([...before.touched, ...copies.keys()]),
  };
}

const isGone = (held: Held, { anew = 0 }: Cursor): boolean => held.gone === true || held.rx < anew;

/** The feed without what is gone; null if nothing is. */
function withoutGone({ cursor, buckets, touched }: Changed): Changed | null {
  const left = new Map<string, Bucket>();
  for (const [hex, bucket] of buckets) {
    if (![...bucket.values()].some((held) => isGone(held, cursor))) continue;
    left.set(hex, new Map([...bucket].filter(([, held]) => !isGone(held, cursor))));
  }
  if (!left.size && cursor.anew === undefined) return null;
  const { anew: _, ...whole } = cursor;
  return {
    cursor: whole,
    buckets: new Map([...buckets, ...left]),
    touched: new Set([...touched, ...left.keys()]),
  };
}

/** Ids are random UUIDs, so their first digit spreads a feed evenly over sixteen buckets. */
const bucketOf = (id: string): string => id.slice(0, 1);

const rangeOf = (feed: string): IDBKeyRange => IDBKeyRange.bound(`${feed}#`, `${feed}#\uffff`);

function bucketsOf(feed: string, rows: readonly SealedRecord[], buckets: readonly Bucket[]) {
  const own = new Map<string, Bucket>();
  rows.forEach((row, i) => {
    const [name, hex = ''] = row.key.split('#');
    const bucket = buckets[i];
    if (name === feed && bucket) own.set(hex, bucket);
  });
  return own;
}

function heldOf(
  change: Extract<WireChange, { k: 'up' }>,
  sids: readonly WireSid[],
  rx: number,
): Held {
  const { t, s, a, ver, f } = change;
  return { t, s, a, ver, rx, f, sids };
}

function packed(bucket: Bucket): StoredBucket {
  const sids: WireSid[] = [];
  const known = new Map<string, number>();
  const place = ([sid, by, at]: WireSid): number => {
    const found = known.get(sid) ?? sids.push([sid, by, at, '']) - 1;
    known.set(sid, found);
    return found;
  };
  const e: StoredBucket['e'] = {};
  for (const [id, held] of bucket) {
    const f: WireFields = {};
    for (const register of Object.keys(held.f))
      f[register] = (held.f[register] ?? []).map(([v, sid, op, on]) => [
        v,
        place(held.sids[sid] as WireSid),
        op,
        on,
      ]);
    e[id] = [held.t, held.s, held.a, held.ver, held.rx, f];
    if (held.gone) e[id].push(true);
  }
  return { sids, e };
}

function unpacked({ sids, e }: StoredBucket): Bucket {
  const bucket = new Map<string, Held>();
  for (const id of Object.keys(e)) {
    const [t, s, a, ver, rx, f, gone] = e[id] as StoredHeld;
    const held: Held = { t, s, a, ver, rx, f, sids };
    if (gone) held.gone = true;
    bucket.set(id, held);
  }
  return bucket;
}
