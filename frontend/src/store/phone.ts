/** What the phone knows of itself and its user: the vault and device in the clear, the person and the forms sealed. */
import type { Attempts, Contact } from '@/crypto/guessing';
import type { ServerKey } from '@/crypto/toServer';
import { createPepper, type Vault } from '@/crypto/vault';
import {
  type Area,
  type Catalogue,
  ClientError,
  type FormDefinition,
  type Me,
} from '@/protocol/types';
import { beginCounting, type Cursor } from './base';
import { FormFiles } from './formFiles';
import type { Database, Durability, Tx } from './idb';
import { type SealedRecord, type Sealer, writeOwn } from './sealed';

export interface Device {
  id: string;
  name: string;
  keys: CryptoKeyPair;
}
export interface Lock {
  vault: Vault;
  /** Whose phone this is; an id only. */
  user: string;
}

/** Known to an open phone. */
export interface Profile {
  me: Me;
  areas: Area[];
  grantsVer: string;
  lastFull: string | null;
  /** The server was restored: everything it ever acknowledged has to be asked about again. */
  recheck?: boolean;
  /** Of each draft, since when the server's clock has seen it unchanged. */
  aging?: Record<string, { updated: string; since: string }>;
}

interface Row<T> {
  key: string;
  value: T;
}

/** What the phone may always do, whoever opens it: seal to this key, and be out of reach for so many days. */
export interface Terms {
  id: string;
  seal: ServerKey;
  lease_days: number;
}

/** The key of what was captured here: sealed by the data key, and to the server. */
export interface Work {
  /** The data key that seals it. */
  vault: string;
  sealed: ArrayBuffer;
  /** Missing until the server's key is known. */
  post?: ArrayBuffer;
}

export type EndedWhy = 'attempts' | 'revoked' | 'silence';
/** What could be read was destroyed. */
export interface Ended {
  why: EndedWhy;
  user: string;
  /** Kept only where unsent work couldn't be sealed to the server yet: the log-in password opens it. */
  rest: Pick<Vault, 'id' | 'password'> | null;
}

/** What a new data key begins with. */
export interface Beginning {
  lock: Lock;
  device: Device;
  profile: SealedRecord;
  cursors: readonly Cursor[];
  work: Work;
  /** The drafts there are can be opened by this work key. */
  keepsDrafts: boolean;
}
const STORES = ['meta', 'drafts', 'base', 'cursors', 'forms'];
/** Of `meta`: what stays when the rest is destroyed. Nothing of it tells anything of anybody. */
const STAYING = ['device', 'attempts', 'pepper', 'terms', 'contact', 'work'];

const NO_ATTEMPTS: Attempts = { wrong: 0, last: 0 };

/** Drafts of somebody else aren't destroyed by whoever begins the phone anew. */
async function heedDrafts(tx: Tx, user: string): Promise<void> {
  const lock = await tx.get<Row<Lock>>('meta', 'lock');
  const owner = (lock ?? (await tx.get<Row<Ended>>('meta', 'ended')))?.value.user;
  const isOthers = owner !== undefined && owner !== user;
  if (isOthers && (await tx.keys('drafts')).length) throw new ClientError('other_user');
}

/** Readable while locked. */
export class Phone {
  constructor(private readonly db: Database) {}

  lock(): Promise<Lock | undefined> {
    return this.value('lock');
  }
  ended(): Promise<Ended | undefined> {
    return this.value('ended');
  }
  device(): Promise<Device | undefined> {
    return this.value('device');
  }
  terms(): Promise<Terms | undefined> {
    return this.value('terms');
  }
  work(): Promise<Work | undefined> {
    return this.value('work');
  }
  /** Other ways into the vault of this id, made of those on disk: another tab may have changed some. The lock as it is now. */
  setVault(id: string, change: (vault: Vault) => Vault): Promise<Lock> {
    return writeOwn(this.db, id, [], async (tx) => {
      const { value: lock } = (await tx.get<Row<Lock>>('meta', 'lock')) as Row<Lock>;
      const changed = { ...lock, vault: change(lock.vault) };
      await tx.put('meta', { key: 'lock', value: changed });
      return changed;
    });
  }
  async setDevice(device: Device): Promise<void> {
    await this.put({ device });
  }
  async setTerms(terms: Terms): Promise<void> {
    await this.put({ terms });
  }
  /** In place of `before`. What is kept now: another tab's, if that made the first key of this vault meanwhile. */
  setWork(work: Work, before: Work | undefined): Promise<Work> {
    return writeOwn(this.db, work.vault, [], async (tx) => {
      const now = (await tx.get<Row<Work>>('meta', 'work'))?.value;
      if (now?.vault === work.vault && before?.vault !== work.vault) return now;
      await tx.put('meta', { key: 'work', value: work });
      return work;
    });
  }
  async forgive(): Promise<void> {
    await this.put({ attempts: NO_ATTEMPTS }, 'relaxed');
  }

  /** A clock set back since the last moves that to `now`: the wait begins once more, and ends. */
  async attempts(now: number): Promise<Attempts> {
    const known = (await this.value<Attempts>('attempts')) ?? NO_ATTEMPTS;
    if (known.last <= now) return known;
    await this.changeAttempts(({ wrong, last }) => ({ wrong, last: Math.min(last, now) }));
    return { ...known, last: now };
  }
  /** Before a guess is tried; two tabs count one after the other. How it was before. */
  countAttempt(now: number): Promise<Attempts> {
    return this.changeAttempts(({ wrong }) => ({ wrong: wrong + 1, last: now }));
  }
  /** Of one that couldn't be tried. before: as counting told. */
  async takeBackAttempt({ last }: Attempts): Promise<void> {
    await this.changeAttempts(({ wrong }) => ({ wrong: Math.max(0, wrong - 1), last }));
  }

  private changeAttempts(change: (before: Attempts) => Attempts): Promise<Attempts> {
    return this.db.write(['meta'], async (tx) => {
      const before = (await tx.get<Row<Attempts>>('meta', 'attempts'))?.value ?? NO_ATTEMPTS;
      await tx.put('meta', { key: 'attempts', value: change(before) });
      return before;
    });
  }

  /** This browser's own key, made the first time. */
  async pepper(): Promise<CryptoKey> {
    const known = await this.value<CryptoKey>('pepper');
    if (known) return known;
    const made = await createPepper();
    return this.db.write(['meta'], async (tx) => {
      const meanwhile = await tx.get<Row<CryptoKey>>('meta', 'pepper');
      if (meanwhile) return meanwhile.value;
      await tx.put('meta', { key: 'pepper', value: made });
      return made;
    });
  }

  /** The last contact with the server; `now` moves on the latest time seen. */
  async contact(now: number): Promise<Contact> {
    const known = (await this.value<Contact>('contact')) ?? { at: now, seen: now };
    const contact = { at: known.at, seen: Math.max(known.seen, now) };
    await this.put({ contact }, 'relaxed');
    return contact;
  }
  async reached(now: number): Promise<void> {
    await this.put({ contact: { at: now, seen: now } satisfies Contact });
  }

  /**
   * A phone begun anew, whole or not at all: nothing of an earlier user stays, but for the outbox, which lies elsewhere,
   * and the drafts of the same person. `other_user` if there are drafts of somebody else.
   */
  async begin(b: Beginning): Promise<void> {
    await this.db.write(STORES, async (tx) => {
      await heedDrafts(tx, b.lock.user);
      const kept = new Map<string, Row<unknown>>();
      for (const key of ['pepper', 'terms', 'contact']) {
        const row = await tx.get<Row<unknown>>('meta', key);
        if (row) kept.set(key, row);
      }
      for (const store of STORES) if (store !== 'drafts' || !b.keepsDrafts) await tx.clear(store);
      for (const row of kept.values()) await tx.put('meta', row);
      await tx.put('meta', { key: 'lock', value: b.lock });
      await tx.put('meta', { key: 'device', value: b.device });
      await tx.put('meta', { key: 'work', value: b.work });
      await tx.put('meta', b.profile);
      await beginCounting(tx);
      for (const cursor of b.cursors) await tx.put('cursors', cursor);
    });
  }

  /** Destroys what could be read, whole or not at all; unsent work stays, sealed. */
  async end(ended: Ended): Promise<void> {
    await this.db.write(STORES, async (tx) => {
      for (const key of await tx.keys('meta'))
        if (!STAYING.includes(key)) await tx.delete('meta', key);
      for (const store of ['base', 'cursors', 'forms']) await tx.clear(store);
      await tx.put('meta', { key: 'ended', value: ended });
      await tx.put('meta', { key: 'attempts', value: NO_ATTEMPTS });
    });
  }

  /** Whether visits are being filled; they can be counted without being opened. */
  async hasDrafts(): Promise<boolean> {
    return (await this.draftHeads()).length > 0;
  }

  /** Their sealed heads. */
  async draftHeads(): Promise<ArrayBuffer[]> {
    const rows = await this.db.read(['drafts'], (tx) => tx.all<{ head: ArrayBuffer }>('drafts'));
    return rows.map(({ head }) => head);
  }

  private async value<T>(key: string): Promise<T | undefined> {
    return (await this.db.read(['meta'], (tx) => tx.get<Row<T>>('meta', key)))?.value;
  }

  /** relaxed: what a power cut may take back; nobody waits for the disk. */
  private put(values: Record<string, unknown>, durability: Durability = 'strict'): Promise<void> {
    return this.db.write(
      ['meta'],
      async (tx) => {
        for (const key of Object.keys(values)) await tx.put('meta', { key, value: values[key] });
      },
      durability,
    );
  }
}

const NO_CATALOGUE: Catalogue = { hash: '', programs: [], forms: [] };
export const formKey = (id: string, version: string): string => `${id}/${version}`;

/** The sealed part: profile, catalogue and form definitions, the first two also in memory. */
export class Knowledge {
  catalogue: Catalogue = NO_CATALOGUE;
  private current: Profile | null = null;
  readonly files: FormFiles;
  private readonly forms = new Map<string, FormDefinition>();

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
  ) {
    this.files = new FormFiles(db, sealer);
  }

  /** The record that `setProfile` would write, for a phone that has nothing yet. */
  static async firstProfile(sealer: Sealer, profile: Profile): Promise<SealedRecord> {
    return { key: 'profile', sealed: await sealer.seal('meta', 'profile', profile) };
  }

  get profile(): Profile {
    if (!this.current) throw new Error('the phone has no profile yet');
    return this.current;
  }

  async load(): Promise<void> {
    const [profile, catalogue] = await Promise.all([
      this.get<Profile>('meta', 'profile'),
      this.get<Catalogue>('meta', 'catalogue'),
    ]);
    this.current = profile ?? null;
    this.catalogue = catalogue ?? NO_CATALOGUE;
  }

  async setProfile(changes: Partial<Profile>): Promise<void> {
    const profile = { ...this.current, ...changes } as Profile;
    await this.put('meta', 'profile', profile);
    this.current = profile;
  }

  async setCatalogue(catalogue: Catalogue): Promise<void> {
    await this.put('meta', 'catalogue', catalogue);
    this.catalogue = catalogue;
  }

  async form(id: string, version: string): Promise<FormDefinition | undefined> {
    const key = formKey(id, version);
    const known = this.forms.get(key) ?? (await this.get<FormDefinition>('forms', key));
    if (known) this.forms.set(key, known);
    return known;
  }

  /** Whether a form can be filled: it is here with its data lists. */
  async hasForm(id: string, version: string): Promise<boolean> {
    const form = await this.form(id, version);
    return form !== undefined && (await this.files.hasLists(form));
  }

  async setForm(definition: FormDefinition): Promise<void> {
    const key = formKey(definition.id, definition.version);
    await this.put('forms', key, definition);
    this.forms.set(key, definition);
  }

  private async get<T>(store: 'meta' | 'forms', key: string): Promise<T | undefined> {
    const row = await this.db.read([store], (tx) => tx.get<SealedRecord>(store, key));
    return row && this.sealer.open<T>(store, key, row.sealed);
  }

  private async put(store: 'meta' | 'forms', key: string, value: unknown): Promise<void> {
    const sealed = await this.sealer.seal(store, key, value);
    const row = { key, sealed };
    await writeOwn(this.db, this.sealer.vault, [store], (tx) => tx.put(store, row));
  }
}
