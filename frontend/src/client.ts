/** Composition root of everything below the screens: storage, keys, registry and sync behind the one `Client`. */
import { version as app } from '../package.json';
import { browserDeps, type ClientDeps } from './browser';
import { expectSecret } from './crypto/argon2';
import { MOST } from './crypto/guessing';
import { type Candidate, Entry } from './entry';
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
import { readSealed, type SealedBase } from './store/base';
import { BLOBS, BlobShelf } from './store/blobs';
import { Database } from './store/idb';
import { Opened } from './store/opened';
import { OUTBOX, Outbox } from './store/outbox';
import { type Device, type EndedWhy, Phone } from './store/phone';
import { FIELD, type Sealer } from './store/sealed';
import type { Initials } from './store/search';
import { logIn, logOut, unwrap } from './sync/account';
import type { SyncContext } from './sync/context';
import { type Courier, courierOf } from './sync/courier';
import { obtainForm } from './sync/forms';
import { Waiting } from './sync/locked';
import { Loop } from './sync/loop';
import { openContext } from './sync/opened';
import { onAbsence, onHope } from './sync/triggers';

export type { ClientDeps };

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
/** The page of the day comes first. ms */
const BEFORE_SEARCH = 300;

class FieldClient implements Client {
  private readonly field: Database;
  private readonly outboxStore: Outbox;
  private readonly shelf: BlobShelf;
  private readonly phone: Phone;
  private readonly entry: Entry;
  private current: { opened: Opened; loop: Loop; stop: () => void } | null = null;
  private courier: Courier | null = null;
  private candidate: Candidate | null = null;
  /** How often the phone was locked or ended: what was being opened before opens no more. */
  private closings = 0;
  private state: SyncState = IDLE;
  private initials: Initials | null = null;
  /** The base copy, read while somebody types the PIN. */
  private early: Promise<SealedBase | null> | null = null;
  private readonly listeners = new Map<ClientEvent, Set<() => void>>();

  constructor(private readonly deps: ClientDeps) {
    this.field = new Database(FIELD, deps.indexedDB);
    this.outboxStore = new Outbox(new Database(OUTBOX, deps.indexedDB), deps.net.newId);
    this.shelf = new BlobShelf(new Database(BLOBS, deps.indexedDB));
    this.phone = new Phone(this.field);
    const { phone, outboxStore: outbox, shelf } = this;
    this.entry = new Entry({ phone, outbox, shelf, net: deps.net });
    if (deps.channel) {
      deps.channel.onmessage = (message) => void this.heard(message.data as ClientEvent);
    }
  }

  async begin(): Promise<void> {
    await this.entry.load();
    await this.startCourier();
  }

  // ---- opening and locking ------------------------------------------------------------------------

  phase(): 'fresh' | 'locked' | 'open' {
    return this.current ? 'open' : this.entry.phase();
  }
  ended(): EndedWhy | null {
    return this.current ? null : (this.entry.ended?.why ?? null);
  }

  async login(username: string, password: string, code?: string): Promise<Me> {
    const me = await logIn(this.deps.net, username, password, code);
    try {
      await this.heedOwner(me);
    } catch (error) {
      await logOut(this.deps.net);
      throw error;
    }
    if (!this.current) this.candidate = { me, password };
    // Before that the server lets them do nothing else.
    else if (!me.must_change_password && me.second_factor !== 'required')
      await this.loggedInAgain({ me, password });
    return me;
  }

  private async heedOwner(me: Me): Promise<void> {
    const { user } = this.entry;
    if (!user || user === me.id) return;
    if (this.current) throw new ClientError('not_you');
    if (await this.entry.holdsWork()) throw new ClientError('other_user');
  }

  async enrol(pin: string, deviceName: string): Promise<void> {
    const { candidate, closings } = this;
    if (!candidate) throw new ClientError('session');
    try {
      const sealer = await this.entry.enrol(pin, candidate, deviceName);
      this.tellOthers('phase');
      await this.deps.persist();
      await this.open(sealer, closings);
    } catch (error) {
      // Tried again, it goes on from here, whatever of it is on the disk already.
      this.candidate = candidate;
      throw error;
    }
    this.tell('phase');
    await this.syncNow();
  }

  async unlock(pin: string): Promise<boolean> {
    return this.letIn(() => this.entry.unlock(pin, () => this.syncNow()));
  }

  expectPin(): void {
    expectSecret();
    if (this.phase() === 'locked') this.early ??= readSealed(this.field).catch(() => null);
  }
  async guessesLeft(): Promise<number> {
    return Math.max(0, MOST - (await this.phone.attempts(this.deps.net.now())).wrong);
  }

  async canUseDevice(): Promise<boolean> {
    return (await this.deps.authenticator?.isThere()) ?? false;
  }
  opensByDevice(): boolean {
    return this.entry.opensByDevice;
  }
  async unlockByDevice(): Promise<boolean> {
    const by = this.deps.authenticator;
    return by ? this.letIn(() => this.entry.unlockByDevice(by, () => this.syncNow())) : false;
  }
  async useDevice(pin: string): Promise<boolean> {
    const by = this.deps.authenticator;
    const isOn = by ? await this.entry.useDevice(by, pin) : false;
    if (isOn) this.tellOthers('phase');
    if (this.entry.phase() === 'fresh') await this.afterEnd();
    return isOn;
  }
  async forgetDevice(): Promise<void> {
    await this.entry.forgetDevice();
    this.tellOthers('phase');
  }

  private async letIn(entering: () => Promise<Sealer | null>): Promise<boolean> {
    const { closings } = this;
    try {
      const sealer = await entering();
      if (sealer) await this.open(sealer, closings);
      else if (this.entry.phase() === 'fresh') await this.afterEnd();
      if (!sealer) return false;
    } catch (error) {
      // Perhaps another tab's doing that this one hasn't heard of.
      if (error instanceof ClientError && error.key === 'phone_locked') await this.heard('phase');
      throw error;
    }
    void this.syncNow();
    return true;
  }

  lock(): void {
    if (this.current) this.leave();
    else this.closings += 1;
  }

  private leave(): void {
    this.close();
    this.emit('phase');
    void this.startCourier().catch(() => undefined);
  }

  /** What could be read is destroyed; what was captured is sealed to the server first, while that is possible. */
  private async end(why: EndedWhy): Promise<void> {
    await this.current?.opened.sealLagging().catch(() => undefined);
    await this.entry.end(why);
    await this.afterEnd();
  }

  private async afterEnd(): Promise<void> {
    this.close();
    this.tell('phase');
    await this.startCourier();
  }

  /** closings: as they were when it was asked for. */
  private async open(sealer: Sealer, closings: number): Promise<void> {
    this.stopCourier();
    try {
      await this.openAs(sealer, closings);
    } catch (error) {
      await this.startCourier().catch(() => undefined);
      throw error;
    }
  }

  private async openAs(sealer: Sealer, closings: number): Promise<void> {
    const device = await this.phone.device();
    if (!device) throw new ClientError('storage_broken', 'device');
    const { deps } = this;
    const { now } = deps.net;
    const opened = new Opened({
      ...{ field: this.field, outbox: this.outboxStore, shelf: this.shelf },
      ...{ sealer, device, app, now },
      initials: () => this.initials,
      to: () => this.entry.to(),
      mono: deps.mono,
      newId: deps.net.newId,
    });
    const { early } = this;
    this.early = null;
    await opened.load(await early);
    await opened.sealLagging().catch(() => undefined);
    // Locked, ended or begun anew since it was asked for, here or in another tab.
    const lock = await this.phone.lock();
    if (closings !== this.closings || lock?.vault.id !== sealer.vault)
      throw new ClientError('phone_locked');
    const stopped = () => this.current?.opened !== opened;
    const show = this.showing(stopped);
    const loop = new Loop({
      ...{ locks: deps.locks, random: deps.random, setTimer: deps.setTimer },
      context: this.contextFor(opened, device, { stopped, report: show }),
      show,
      revoked: async () => {
        if (!stopped()) await this.end('revoked');
      },
    });
    const ears = [
      onHope(deps.window, deps.document, () => void loop.trigger()),
      onAbsence(deps.document, now, deps.setTimer, () => this.lock()),
    ];
    this.stop();
    this.current = { opened, loop, stop: () => ears.forEach((stop) => void stop()) };
    this.state = { ...IDLE, online: deps.net.online() };
    this.emit('phase');
    void this.prepareSearch(opened);
  }

  private close(): void {
    this.closings += 1;
    this.stop();
    this.state = { ...IDLE, online: this.deps.net.online() };
  }

  private stop(): void {
    this.current?.loop.stop();
    this.current?.stop();
    this.current = null;
    this.candidate = null;
    this.stopCourier();
  }

  // ---- sending while locked -----------------------------------------------------------------------

  /** Not at once: mostly somebody is about to unlock. */
  private async startCourier(): Promise<void> {
    this.stopCourier();
    const { user } = this.entry;
    const device = await this.phone.device();
    if (!user || !device || this.current) return;
    const waiting = new Waiting(this.outboxStore, this.shelf);
    await waiting.load();
    if (this.current) return;
    this.stopCourier();
    const isOver = () => this.courier?.waiting !== waiting;
    this.courier = courierOf(waiting, user, {
      ...{ deps: this.deps, device, isOver, show: this.showing(isOver) },
      tell: (what) => this.tell(what),
      reached: () => this.reached(),
      revoked: async () => {
        if (!this.entry.ended) await this.end('revoked');
      },
      // Whom even this doesn't reach, after a month: nothing readable stays, though nobody opens the phone.
      called: async () => {
        if (!this.current && (await this.entry.endIfSilent())) await this.afterEnd();
      },
    });
    this.show({ ...IDLE, online: this.deps.net.online() });
  }

  private stopCourier(): void {
    this.courier?.stop();
    this.courier = null;
  }

  /** The server knows this phone by another id now, here or since a log-in in another tab. */
  private async renamed(): Promise<void> {
    const device = await this.phone.device();
    if (device && this.current) this.current.opened.deps.device.id = device.id;
  }

  private async loggedInAgain({ me, password }: Candidate): Promise<void> {
    const { areas } = await this.entry.announceDevice();
    await this.renamed();
    this.tell('phase');
    await this.opened.knowledge.setProfile({ me, areas });
    await this.entry.renewPassword(password).catch(() => undefined);
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
    if (!opened) return { ...this.state, unsent: this.courier?.waiting.unsent() ?? 0 };
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
    const { opened } = this;
    await opened.drafts.remove(id);
    await this.draftWent(opened, id);
  }

  private async draftWent(opened: Opened, id: string): Promise<void> {
    this.tell('drafts');
    // What can't be done now, the next start does.
    await opened.blobs.release(id).catch(() => undefined);
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

  conceal = async (text: string) => this.opened.conceal(text);
  reveal = async (sealed: string) => this.opened.reveal(sealed);

  exportOutbox(): Promise<Blob> {
    return this.entry.exported();
  }

  async syncNow(): Promise<void> {
    await (this.current ?? this.courier)?.loop.trigger();
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

  private contextFor(
    opened: Opened,
    device: Device,
    rest: Pick<SyncContext, 'stopped' | 'report'>,
  ): SyncContext {
    const { entry } = this;
    return openContext(opened, {
      ...{ ...rest, net: this.deps.net, device, outbox: this.outboxStore },
      user: entry.user ?? '',
      drafts: () => opened.drafts.list(),
      removeUntouched: async (draft) => {
        if (await opened.drafts.removeUntouched(draft)) await this.draftWent(opened, draft.id);
      },
      forget: async (entities) => {
        await opened.forget(entities);
        this.tell('drafts');
      },
      hollow: (visits) => opened.hollow(visits),
      changed: async (what) => {
        await this.current?.opened.reload(what);
        this.tell(what);
      },
      reached: () => this.reached(),
      terms: () => entry.terms?.id ?? '',
      takeTerms: async (terms) => {
        await entry.takeTerms(terms);
        await opened.sealLagging();
      },
    });
  }

  /** Of the lease only; a disk that won't note it must not end the sync. */
  private reached(): Promise<void> {
    return this.phone.reached(this.deps.net.now()).catch(() => undefined);
  }

  /** Never fails: what can't be read now is read when it is next told of. */
  private async heard(event: ClientEvent): Promise<void> {
    if (event === 'phase') await this.heardOfPhase().catch(() => this.leave());
    else await this.current?.opened.reload(event).catch(() => undefined);
    if (event === 'outbox') void this.current?.loop.letVisitsPass();
    this.emit(event);
  }

  /** Another tab gave the phone to somebody else, or ended it: then this one's key opens nothing any more. */
  private async heardOfPhase(): Promise<void> {
    const before = this.entry.lock?.vault.id;
    await this.entry.load();
    if (before !== this.entry.lock?.vault.id) this.leave();
    else await this.renamed();
  }

  /** What was stopped shows nothing over what came after it. */
  private showing(isOver: () => boolean): (change: Partial<SyncState>) => void {
    return (change) => {
      if (!isOver()) this.show(change);
    };
  }

  private show(change: Partial<SyncState>): void {
    this.state = { ...this.state, ...change };
    this.emit('sync');
  }

  /** To listeners here and in other tabs. */
  private tell(event: ClientEvent): void {
    this.emit(event);
    this.tellOthers(event);
  }

  private tellOthers(event: ClientEvent): void {
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
    this.deps.setTimer(step, BEFORE_SEARCH);
  }
}
