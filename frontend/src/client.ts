/** Composition root of everything below the screens: storage, keys, registry and sync behind the one `Client`. */
import { version as app } from '../package.json';
import { newId } from './crypto/bytes';
import { createDeviceKey, publicJwk } from './crypto/device';
import { createVault, delayLeft, isStrongEnough, openWrap, rewrap, stretch } from './crypto/vault';
import {
  type Area,
  type BlobStore,
  type Catalogue,
  type Client,
  ClientError,
  type ClientEvent,
  type DraftMeta,
  type FinishInput,
  type FormDefinition,
  type FormFile,
  type FormHost,
  type Me,
  type OutboxItem,
  type Registry,
  type ReturnedTask,
  type Scope,
  type StoredDraft,
  type SyncState,
} from './protocol/types';
import { BLOBS, BlobShelf } from './store/blobs';
import { exportFile } from './store/exported';
import { Database } from './store/idb';
import { Opened } from './store/opened';
import { OUTBOX, Outbox } from './store/outbox';
import { type Device, Knowledge, type Lock, Phone } from './store/phone';
import { FIELD, Sealer } from './store/sealed';
import type { Initials } from './store/search';
import { enrolDevice, logIn, logOut, unwrap } from './sync/account';
import type { SyncContext } from './sync/context';
import { obtainForm } from './sync/forms';
import type { Net } from './sync/http';
import { Loop } from './sync/loop';
import { atStart } from './sync/pull';
import { onAbsence, onHope, type Surface } from './sync/triggers';

/** The phone around the client; tests bring their own. */
export interface ClientDeps {
  indexedDB: IDBFactory;
  net: Net;
  locks: LockManager | undefined;
  window: Surface | undefined;
  document: (Surface & { readonly visibilityState: string }) | undefined;
  /** To other tabs; null where there are none. */
  channel: Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'> | null;
  /** Asks the browser never to evict this storage. */
  persist(): Promise<boolean>;
  mono(): number;
  random(): number;
  setTimer(fn: () => void, ms: number): () => void;
}

export function browserDeps(): ClientDeps {
  return {
    indexedDB,
    net: {
      fetch: (input, init) => fetch(input, init),
      origin: '',
      now: Date.now,
      online: () => navigator.onLine,
      newId,
    },
    locks: navigator.locks,
    window,
    document,
    channel: typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('fs'),
    persist: () => navigator.storage?.persist?.() ?? Promise.resolve(false),
    mono: () => performance.now(),
    random: Math.random,
    setTimer(fn, ms) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** Resolves when storage was looked at, so that `phase()` is true from the start. */
export async function createClient(deps: ClientDeps = browserDeps()): Promise<Client> {
  const client = new FieldClient(deps);
  await client.begin();
  return client;
}

const IDLE: SyncState = {
  running: false,
  online: true,
  progress: 0,
  step: 'idle',
  unsent: 0,
  unsentBlobs: 0,
  lastFull: null,
  error: null,
  loginNeeded: false,
};
/** Records prepared for search at a time, between the person's own touches. */
const WARM = 100;

class FieldClient implements Client {
  private readonly field: Database;
  private readonly outboxStore: Outbox;
  private readonly shelf: BlobShelf;
  private readonly phone: Phone;
  private lockRow: Lock | undefined;
  private current: { opened: Opened; loop: Loop; stop: () => void } | null = null;
  /** Logged in, on the way to a PIN. */
  private candidate: { me: Me; password: string } | null = null;
  private state: SyncState = IDLE;
  private initials: Initials | null = null;
  private readonly listeners = new Map<ClientEvent, Set<() => void>>();

  constructor(private readonly deps: ClientDeps) {
    this.field = new Database(FIELD, deps.indexedDB);
    this.outboxStore = new Outbox(new Database(OUTBOX, deps.indexedDB), deps.net.newId);
    this.shelf = new BlobShelf(new Database(BLOBS, deps.indexedDB));
    this.phone = new Phone(this.field);
    if (deps.channel) {
      deps.channel.onmessage = (message) => void this.heard(message.data as ClientEvent);
    }
  }

  async begin(): Promise<void> {
    this.lockRow = await this.phone.lock();
  }

  // ---- opening and locking ------------------------------------------------------------------------

  phase(): 'fresh' | 'locked' | 'open' {
    if (this.current) return 'open';
    return this.lockRow ? 'locked' : 'fresh';
  }

  async login(username: string, password: string): Promise<Me> {
    const me = await logIn(this.deps.net, username, password);
    if (this.current && this.lockRow?.user !== me.id) {
      await logOut(this.deps.net);
      throw new ClientError('not_you');
    }
    if (this.lockRow && this.lockRow.user !== me.id && (await this.holdsWork())) {
      await logOut(this.deps.net);
      throw new ClientError('other_user');
    }
    if (this.current && this.lockRow?.user === me.id) await this.loggedInAgain(me);
    else this.candidate = { me, password };
    return me;
  }

  async enrol(pin: string, deviceName: string): Promise<void> {
    const { candidate } = this;
    if (!candidate) throw new ClientError('session');
    if (!isStrongEnough(pin)) throw new ClientError('pin_weak');
    try {
      const sealer =
        (await this.newPin(pin, candidate)) ?? (await this.newPhone(pin, candidate, deviceName));
      await this.phone.setAttempts({ wrong: 0, last: 0 });
      await this.deps.persist();
      await this.open(sealer);
    } catch (error) {
      // Tried again, it goes on from here, whatever of it is on the disk already.
      this.candidate = candidate;
      throw error;
    }
    this.tell('phase');
    await this.syncNow();
  }

  async unlock(pin: string): Promise<boolean> {
    const { lockRow } = this;
    if (!lockRow) throw new ClientError('session');
    const now = this.deps.net.now();
    const attempts = await this.phone.attempts();
    const wait = delayLeft(attempts, now);
    if (wait > 0) throw new ClientError('locked', String(Math.ceil(wait / 1000)));
    // Counted before it is tried: closing the app forgives no guess.
    await this.phone.setAttempts({ wrong: attempts.wrong + 1, last: now });
    const key = await openWrap(lockRow.vault.id, lockRow.vault.pin, pin);
    if (!key) return false;
    await this.phone.setAttempts({ wrong: 0, last: 0 });
    await this.open(new Sealer(lockRow.vault.id, key));
    void this.syncNow();
    return true;
  }

  lock(): void {
    this.close();
    this.emit('phase');
  }

  /** A PIN forgotten: the log-in password opens the same vault. Null if this isn't that case. */
  private async newPin(
    pin: string,
    { me, password }: { me: Me; password: string },
  ): Promise<Sealer | null> {
    const { lockRow } = this;
    if (lockRow?.user !== me.id) return null;
    const { vault } = lockRow;
    const again =
      vault.password &&
      (await rewrap(vault, vault.password, password, pin, await stretch(password)));
    if (again) {
      this.lockRow = { ...lockRow, vault: again.vault };
      await this.phone.setLock(this.lockRow);
      await this.announceDevice();
      return new Sealer(again.vault.id, again.key);
    }
    // The password was changed since. What nobody can open is kept until somebody remembers the PIN.
    if (await this.holdsWork()) throw new ClientError('unsent_sealed');
    return null;
  }

  private async newPhone(
    pin: string,
    { me, password }: { me: Me; password: string },
    name: string,
  ): Promise<Sealer> {
    const keys = await createDeviceKey();
    const { install } = await this.outboxStore.place();
    const server = await enrolDevice(this.deps.net, install, name, await publicJwk(keys));
    const { vault, key } = await createVault(newId(), pin, await stretch(password));
    const sealer = new Sealer(vault.id, key);
    const { areas, grants_ver: grantsVer, feeds } = server;
    const profile = await Knowledge.firstProfile(sealer, { me, areas, grantsVer, lastFull: null });
    const lock = { vault, user: me.id };
    await this.phone.begin(lock, { id: server.device, name, keys }, profile, feeds.map(atStart));
    this.lockRow = lock;
    return sealer;
  }

  private async open(sealer: Sealer): Promise<void> {
    this.close();
    const device = await this.phone.device();
    if (!device) throw new ClientError('storage_broken', 'device');
    const { deps } = this;
    const { now } = deps.net;
    const opened = new Opened({
      ...{ field: this.field, outbox: this.outboxStore, shelf: this.shelf },
      ...{ sealer, device, app, now },
      initials: () => this.initials,
      mono: deps.mono,
      newId: deps.net.newId,
    });
    await opened.load();
    const loop = new Loop({
      ...{ locks: deps.locks, random: deps.random, setTimer: deps.setTimer },
      context: this.contextFor(opened, device),
      show: (change) => this.show(change),
    });
    const ears = [
      onHope(deps.window, deps.document, () => void loop.trigger()),
      onAbsence(deps.document, now, deps.setTimer, () => this.lock()),
    ];
    this.current = { opened, loop, stop: () => ears.forEach((stop) => void stop()) };
    this.state = { ...IDLE, online: deps.net.online() };
    this.emit('phase');
    void this.prepareSearch(opened);
  }

  private close(): void {
    this.current?.loop.stop();
    this.current?.stop();
    this.current = null;
    this.candidate = null;
  }

  /** Unsent visits, photos or drafts, which a new user or a new vault would make unreadable. */
  private async holdsWork(): Promise<boolean> {
    const unsent = (await this.outboxStore.all()).some(
      ({ state }) => state === 'waiting' || state === 'sending',
    );
    const photos = (await this.shelf.heads().catch(() => [])).some(
      ({ state, visits }) => state === 'waiting' && visits.length > 0,
    );
    return unsent || photos || (await this.phone.hasDrafts());
  }

  /** A new session has to learn which phone it is on; the same key stays the same device. */
  private async announceDevice() {
    const device = await this.phone.device();
    if (!device) throw new ClientError('storage_broken', 'device');
    const { install } = await this.outboxStore.place();
    const key = await publicJwk(device.keys);
    const server = await enrolDevice(this.deps.net, install, device.name, key);
    if (server.device !== device.id) {
      await this.phone.setDevice({ ...device, id: server.device });
      await this.renamed();
      this.tell('phase');
    }
    return server;
  }

  /** The server knows this phone by another id now, here or since a log-in in another tab. */
  private async renamed(): Promise<void> {
    const device = await this.phone.device();
    if (device && this.current) this.current.opened.deps.device.id = device.id;
  }

  private async loggedInAgain(me: Me): Promise<void> {
    const { areas } = await this.announceDevice();
    await this.opened.knowledge.setProfile({ me, areas });
    this.show({ loginNeeded: false });
    void this.syncNow();
  }

  // ---- what screens read --------------------------------------------------------------------------

  me(): Me {
    return this.opened.knowledge.profile.me;
  }
  areas(): Area[] {
    return this.opened.areas();
  }
  catalogue(): Catalogue {
    return this.opened.knowledge.catalogue;
  }
  registry(scope: Scope): Registry {
    return this.opened.registry(scope);
  }
  host(scope: Scope, def?: FormDefinition): FormHost {
    return this.opened.host(scope, def);
  }
  async formFile({ sha, type }: FormFile): Promise<Blob | undefined> {
    const bytes = await this.opened.knowledge.files.media(sha);
    return bytes && new Blob([bytes], { type });
  }
  returned(): ReturnedTask[] {
    return this.opened.returned();
  }
  outbox(): OutboxItem[] {
    return this.opened.outbox(this.state.running);
  }

  sync(): SyncState {
    const opened = this.current?.opened;
    if (!opened) return this.state;
    const { lastFull } = opened.knowledge.profile;
    const unsent = opened.items.unsent();
    return { ...this.state, unsent, unsentBlobs: opened.unsentBlobs(), lastFull };
  }

  async definition(form: string, version?: string): Promise<FormDefinition> {
    const { knowledge } = this.opened;
    const wanted = version ?? knowledge.catalogue.forms.find(({ id }) => id === form)?.version;
    if (!wanted) throw new ClientError('definition', form);
    const known = await knowledge.form(form, wanted);
    if (known && (await knowledge.files.open(known))) return known;
    const fetched = await obtainForm(this.deps.net, knowledge, form, wanted);
    if (!fetched.ok) throw new ClientError('definition', `${form} ${wanted}`);
    return unwrap(fetched);
  }

  // ---- work ---------------------------------------------------------------------------------------

  drafts(): DraftMeta[] {
    return this.opened.drafts.list();
  }
  draft(id: string): Promise<StoredDraft | undefined> {
    return this.opened.drafts.open(id);
  }

  async saveDraft(draft: StoredDraft): Promise<void> {
    const { drafts } = this.opened;
    const isNew = !drafts.entryOf(draft.id);
    await this.shelf.withRoom(() => drafts.save(draft));
    // Other tabs needn't follow every answer.
    if (isNew) this.tell('drafts');
    else this.emit('drafts');
  }

  async removeDraft(id: string): Promise<void> {
    await this.opened.drafts.remove(id);
    this.tell('drafts');
    // What can't be done now, the next start does.
    await this.opened.blobs.release(id).catch(() => undefined);
  }
  get blobs(): BlobStore {
    return this.opened.blobs;
  }

  async finish(input: FinishInput): Promise<string> {
    const id = await this.shelf.withRoom(() => this.opened.finish(input));
    for (const event of ['drafts', 'outbox', 'registry'] as const) this.tell(event);
    void this.syncNow();
    return id;
  }

  /** Works while locked: what is exported stays sealed. */
  async exportOutbox(): Promise<Blob> {
    const device = await this.phone.device();
    if (!this.lockRow || !device) throw new ClientError('session');
    const records = await this.outboxStore.all();
    const exported = new Date(this.deps.net.now()).toISOString();
    return exportFile(records, this.shelf, this.lockRow.vault, device.id, exported);
  }

  async syncNow(): Promise<void> {
    await this.current?.loop.trigger();
  }

  on(event: ClientEvent, fn: () => void): () => void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(fn));
    return () => listeners.delete(fn);
  }

  // ---- inside -------------------------------------------------------------------------------------

  private get opened(): Opened {
    if (!this.current) throw new ClientError('phone_locked');
    return this.current.opened;
  }

  private contextFor(opened: Opened, device: Device): SyncContext {
    const { base, knowledge, items, blobs, transfer } = opened;
    return {
      ...{ net: this.deps.net, device, base, knowledge, outbox: this.outboxStore },
      ...{ blobs, transfer, named: () => items.named() },
      vault: opened.deps.sealer.vault,
      body: (record) => items.body(record),
      olderForms: () => [
        ...opened.drafts.list().map(({ form, version }) => ({ id: form, version })),
        ...opened.returned().map(({ form, fv }) => ({ id: form, version: fv })),
      ],
      drafts: () => opened.drafts.list(),
      removeDraft: (id) => this.removeDraft(id),
      forget: async (entities) => {
        await opened.forget(entities);
        this.tell('drafts');
      },
      hollow: (visits) => opened.hollow(visits),
      report: (change) => this.show(change),
      changed: async (what) => {
        await this.reload(what);
        this.tell(what);
      },
      stopped: () => this.current?.opened !== opened,
    };
  }

  /** Brings memory up to what was written, here or in another tab. */
  private async reload(what: ClientEvent): Promise<void> {
    const opened = this.current?.opened;
    if (!opened) return;
    if (what === 'drafts') await opened.drafts.load();
    if (what === 'catalogue') {
      await opened.knowledge.load();
      opened.programsChanged();
    }
    if (what === 'outbox' || what === 'registry') {
      await Promise.all([opened.items.load(), opened.blobs.load(), opened.base.refresh()]);
      opened.refresh();
    }
  }

  private async heard(event: ClientEvent): Promise<void> {
    if (event === 'phase') {
      const before = this.lockRow?.vault.id;
      await this.begin();
      // Another tab gave the phone to somebody else: this one's key opens nothing any more.
      if (before !== this.lockRow?.vault.id) this.close();
      else await this.renamed();
    } else await this.reload(event);
    if (event === 'outbox') void this.current?.loop.letVisitsPass();
    this.emit(event);
  }

  private show(change: Partial<SyncState>): void {
    this.state = { ...this.state, ...change };
    this.emit('sync');
  }

  /** To listeners here and in other tabs. */
  private tell(event: ClientEvent): void {
    this.emit(event);
    this.deps.channel?.postMessage(event);
  }

  private emit(event: ClientEvent): void {
    for (const fn of [...(this.listeners.get(event) ?? [])]) fn();
  }

  /** Loads the table of initials and prepares records a few at a time, so that the first key typed is fast too. */
  private async prepareSearch(opened: Opened): Promise<void> {
    this.initials ??= (await import('./store/initials')).initials;
    const { health, housing } = {
      health: opened.registry('health'),
      housing: opened.registry('housing'),
    };
    const step = () => {
      if (this.current?.opened !== opened) return;
      if (health.warm(WARM) || housing.warm(WARM)) this.deps.setTimer(step, 0);
    };
    step();
  }
}
