/** What the phone knows of itself and its user: the vault and device in the clear, the person and the forms sealed. */
import type { Attempts, Vault } from '@/crypto/vault';
import type { Area, Catalogue, FormDefinition, Me } from '@/protocol/types';
import type { Cursor } from './base';
import { FormFiles } from './formFiles';
import type { Database } from './idb';
import type { SealedRecord, Sealer } from './sealed';

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

/** Readable while locked. */
export class Phone {
  constructor(private readonly db: Database) {}

  lock(): Promise<Lock | undefined> {
    return this.value('lock');
  }
  device(): Promise<Device | undefined> {
    return this.value('device');
  }
  async attempts(): Promise<Attempts> {
    return (await this.value<Attempts>('attempts')) ?? { wrong: 0, last: 0 };
  }
  async setLock(lock: Lock): Promise<void> {
    await this.put({ lock });
  }
  async setDevice(device: Device): Promise<void> {
    await this.put({ device });
  }
  async setAttempts(attempts: Attempts): Promise<void> {
    await this.put({ attempts });
  }

  /**
   * A phone begun anew, whole or not at all: nothing of an earlier user stays, but for the outbox, which lies elsewhere.
   * profile: sealed, see Knowledge. cursors: the feeds to pull.
   */
  async begin(
    lock: Lock,
    device: Device,
    profile: SealedRecord,
    cursors: readonly Cursor[],
  ): Promise<void> {
    const stores = ['meta', 'drafts', 'base', 'cursors', 'forms'];
    await this.db.write(stores, async (tx) => {
      for (const store of stores) await tx.clear(store);
      await tx.put('meta', { key: 'lock', value: lock });
      await tx.put('meta', { key: 'device', value: device });
      await tx.put('meta', profile);
      for (const cursor of cursors) await tx.put('cursors', cursor);
    });
  }

  /** Whether visits are being filled; they can be counted without being opened. */
  async hasDrafts(): Promise<boolean> {
    return (await this.db.read(['drafts'], (tx) => tx.all('drafts'))).length > 0;
  }

  private async value<T>(key: string): Promise<T | undefined> {
    return (await this.db.read(['meta'], (tx) => tx.get<Row<T>>('meta', key)))?.value;
  }

  private put(values: Record<string, unknown>): Promise<void> {
    return this.db.write(['meta'], async (tx) => {
      for (const key of Object.keys(values)) await tx.put('meta', { key, value: values[key] });
    });
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
    await this.db.write([store], (tx) => tx.put(store, { key, sealed }));
  }
}
