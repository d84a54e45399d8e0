/**
 * Who may open this phone, and what becomes of it when nobody may: the PIN, the log-in password behind it, ten failures, a
 * phone that was lost or out of reach for too long. Unsent work is never what is destroyed. Knows no screen and no registry.
 */
import { type Bytes, fromBase64, newId, random, toBase64 } from './crypto/bytes';
import { createDeviceKey, publicJwk } from './crypto/device';
import { delayLeft, MOST, reachOf } from './crypto/guessing';
import type { Authenticator } from './crypto/passkey';
import { kindOf, open, seal, WORK } from './crypto/seal';
import { isServerKey, sealToServer } from './crypto/toServer';
import {
  addDevice,
  createVault,
  isStrongEnough,
  isUsual,
  type Opening,
  openByDevice,
  openWrap,
  rewrap,
  type Vault,
  type Wrap,
} from './crypto/vault';
import { ClientError, type Me } from './protocol/types';
import type { Answer } from './protocol/wire';
import { type Addressee, type BlobShelf, isUnsent } from './store/blobs';
import { exportFile } from './store/exported';
import { isToSend, type Outbox } from './store/outbox';
import {
  type Device,
  type Ended,
  type EndedWhy,
  Knowledge,
  type Lock,
  type Phone,
  type Terms,
  type Work,
} from './store/phone';
import { Sealer } from './store/sealed';
import { enrolDevice, rescueKeys } from './sync/account';
import type { Net } from './sync/http';
import { atStart } from './sync/pull';

export interface EntryDeps {
  phone: Phone;
  outbox: Outbox;
  shelf: BlobShelf;
  net: Net;
}
/** Logged in, on the way to a PIN. */
export interface Candidate {
  me: Me;
  password: string;
}
const AES = 'AES-GCM';

export class Entry {
  lock: Lock | undefined;
  ended: Ended | undefined;
  terms: Terms | undefined;

  constructor(private readonly deps: EntryDeps) {}

  async load(): Promise<void> {
    const { phone } = this.deps;
    this.lock = await phone.lock();
    this.ended = this.lock ? undefined : await phone.ended();
    this.terms = await phone.terms();
  }

  phase(): 'fresh' | 'locked' {
    return this.lock ? 'locked' : 'fresh';
  }

  /** Whose phone this is, also when it can be opened no more. */
  get user(): string | undefined {
    return this.lock?.user ?? this.ended?.user;
  }

  to(): Addressee {
    return { user: this.user ?? '', server: this.terms?.seal ?? null };
  }

  // ---- the PIN ------------------------------------------------------------------------------------

  /** Null if it is wrong; after the tenth there is nothing left to open. reach: tries to reach the server. */
  async unlock(pin: string, reach: () => Promise<void>): Promise<Sealer | null> {
    const known = this.theLock();
    await this.mayGuess();
    if (!(await this.heedContact(reach))) return null;
    const lock = await this.lockNow(known);
    const opening = await this.guess(() => this.openByPin(lock, pin));
    return opening && this.opened(lock, opening.key);
  }

  /** Stops with `locked` and the seconds to wait, after wrong ones. */
  private async mayGuess(): Promise<void> {
    const now = this.deps.net.now();
    const wait = delayLeft(await this.deps.phone.attempts(now), now);
    if (wait > 0) throw new ClientError('locked', String(Math.ceil(wait / 1000)));
  }

  /** Counted before it is tried: closing the app forgives no guess. What couldn't be tried was none. */
  private async guess<T>(tried: () => Promise<T | null>): Promise<T | null> {
    const { phone, net } = this.deps;
    const before = await phone.countAttempt(net.now());
    try {
      const found = before.wrong < MOST ? await tried() : null;
      if (found || before.wrong + 1 < MOST) return found;
    } catch (error) {
      await phone.takeBackAttempt(before).catch(() => undefined);
      throw error;
    }
    await this.end('attempts');
    return null;
  }

  /** By the phone's own authenticator, where that was set up; null where it isn't there any more. */
  async unlockByDevice(
    authenticator: Authenticator,
    reach: () => Promise<void>,
  ): Promise<Sealer | null> {
    const known = this.theLock();
    if (!(await this.heedContact(reach))) return null;
    const lock = await this.lockNow(known);
    const { id, device } = lock.vault;
    const output = device && (await authenticator.read(device));
    const key = output && (await openByDevice(id, device, output));
    return key ? this.opened(lock, key) : null;
  }

  get opensByDevice(): boolean {
    return this.lock?.vault.device !== undefined;
  }

  /** False if the PIN is wrong, which counts as it does on a locked phone: an open one may be in other hands. */
  async useDevice(authenticator: Authenticator, pin: string): Promise<boolean> {
    const { phone } = this.deps;
    await this.mayGuess();
    const { vault } = await this.lockNow(this.theLock());
    const pepper = await phone.pepper();
    const isRight = await this.guess(() => openWrap(vault.id, vault.pin, pin, pepper));
    if (!isRight) return false;
    await phone.forgive();
    const added = await addDevice(vault, pin, await authenticator.make(), pepper);
    const device = added?.device;
    if (device) await this.keep(vault.id, (now) => ({ ...now, device }));
    return device !== undefined;
  }

  async forgetDevice(): Promise<void> {
    await this.keep(this.theLock().vault.id, ({ device: _gone, ...vault }) => vault);
  }

  private async openByPin({ vault }: Lock, pin: string): Promise<Pick<Opening, 'key'> | null> {
    const pepper = await this.deps.phone.pepper();
    const key = await openWrap(vault.id, vault.pin, pin, pepper);
    // The pepper stays on this phone: before the server could open an exported outbox, the PIN alone had to.
    if (!key || isUsual(vault.pin) || !this.terms) return key && { key };
    const by = { wrap: vault.pin, secret: pin };
    const renewed = await rewrap(vault, by, { pin }, pepper).catch(() => null);
    if (renewed) await this.renew('pin', renewed.vault);
    return renewed ?? { key };
  }

  private async opened(lock: Lock, key: CryptoKey): Promise<Sealer> {
    const work = await this.workKey(lock, key);
    await this.deps.phone.forgive();
    return new Sealer(lock.vault.id, key, work);
  }

  /**
   * Out of reach for too long, a phone shows nothing until it has reached the server; it may have been lost. False: that
   * was so long ago that nothing is left to open.
   */
  private async heedContact(reach: () => Promise<void>): Promise<boolean> {
    if ((await this.contact()) === 'near') return true;
    await reach();
    if (!this.lock) throw new ClientError('ended');
    if (await this.endIfSilent()) return false;
    if ((await this.contact()) !== 'near') throw new ClientError('lease');
    return true;
  }

  /** After a month without contact nothing readable stays; that needs no PIN. True if it was so. */
  async endIfSilent(): Promise<boolean> {
    if (!this.lock || (await this.contact()) !== 'over') return false;
    await this.end('silence');
    return true;
  }

  private async contact(): Promise<ReturnType<typeof reachOf>> {
    const { phone, net } = this.deps;
    const now = net.now();
    return reachOf(await phone.contact(now), this.terms?.lease_days, now);
  }

  // ---- enrolling, also again ----------------------------------------------------------------------

  async enrol(pin: string, candidate: Candidate, name: string): Promise<Sealer> {
    if (!isStrongEnough(pin)) throw new ClientError('pin_weak');
    const { phone } = this.deps;
    const isSame = this.user === candidate.me.id;
    const sealer =
      (isSame ? await this.newPin(pin, candidate) : null) ??
      (await this.newPhone(pin, candidate, name, isSame));
    await phone.forgive();
    return sealer;
  }

  /** A PIN forgotten: the log-in password opens the same vault. Null if it doesn't. */
  private async newPin(pin: string, { me, password }: Candidate): Promise<Sealer | null> {
    const vault = this.lock?.vault ?? this.ended?.rest;
    const pepper = await this.deps.phone.pepper();
    const by = vault?.password && { wrap: vault.password, secret: password };
    const opening = by && (await rewrap(vault, by, { pin, password }, pepper));
    if (!opening) {
      // The password was changed since. What neither we nor the server can open waits until somebody remembers the PIN.
      if (!(await this.isAllSealed())) throw new ClientError('unsent_sealed');
      return null;
    }
    const { key } = opening;
    const lock = { vault: opening.vault, user: me.id };
    if (!this.lock) return this.beginAgain(lock, key, me);
    const { pin: byPin, password: byPassword } = opening.vault;
    const work = await this.workKey(lock, key);
    await this.keep(vault.id, (now) => ({ ...now, pin: byPin, password: byPassword }));
    await this.announceDevice();
    return new Sealer(vault.id, key, work);
  }

  private async beginAgain(lock: Lock, key: CryptoKey, me: Me): Promise<Sealer> {
    const { raw, work } = await this.workOf(lock, key, await this.deps.phone.work());
    const server = await this.announceDevice();
    const sealer = new Sealer(lock.vault.id, key, await imported(raw));
    await this.begin(sealer, { lock, server, me, work, keepsDrafts: true });
    return sealer;
  }

  /** A new data key. Of the same person what was captured stays: the drafts' key comes back from the server. */
  private async newPhone(
    pin: string,
    { me, password }: Candidate,
    name: string,
    isSame: boolean,
  ): Promise<Sealer> {
    // Begun since the log-in, in another tab.
    if (!isSame && (await this.holdsWork())) throw new ClientError('other_user');
    const known = isSame ? await this.deps.phone.device() : undefined;
    const keys = known?.keys ?? (await createDeviceKey());
    const server = await this.enrolHere(name, keys);
    const device = { id: server.device, name, keys };
    const rescued = isSame ? await this.rescued(device, password) : null;
    const pepper = await this.deps.phone.pepper();
    const { vault, key } = await createVault(newId(), { pin, password }, pepper);
    const raw = rescued ?? random(32);
    const work = await this.sealedWork(me.id, vault.id, key, raw);
    const sealer = new Sealer(vault.id, key, await imported(raw));
    const lock = { vault, user: me.id };
    await this.begin(sealer, { lock, server, me, work, keepsDrafts: rescued !== null, device });
    return sealer;
  }

  private async begin(
    sealer: Sealer,
    b: {
      lock: Lock;
      server: Answer<'enrol'>;
      me: Me;
      work: Work;
      keepsDrafts: boolean;
      device?: Device;
    },
  ): Promise<void> {
    const { phone } = this.deps;
    const { lock, me, work, keepsDrafts } = b;
    const { areas, grants_ver: grantsVer, feeds } = b.server;
    const profile = await Knowledge.firstProfile(sealer, { me, areas, grantsVer, lastFull: null });
    const device = b.device ?? (await this.theDevice());
    const cursors = feeds.map(atStart);
    await phone.begin({ lock, device, profile, cursors, work, keepsDrafts });
    this.lock = lock;
    this.ended = undefined;
  }

  /** A new session has to learn which phone it is on; the same key stays the same device. */
  async announceDevice(): Promise<Answer<'enrol'>> {
    const device = await this.theDevice();
    const server = await this.enrolHere(device.name, device.keys);
    if (server.device !== device.id)
      await this.deps.phone.setDevice({ ...device, id: server.device });
    return server;
  }

  private async enrolHere(name: string, keys: CryptoKeyPair): Promise<Answer<'enrol'>> {
    const { outbox, net, phone } = this.deps;
    const { install } = await outbox.place();
    const server = await enrolDevice(net, install, name, await publicJwk(keys));
    if (server.terms) await this.takeTerms(server.terms);
    await phone.reached(net.now());
    return server;
  }

  /** From enrolment or a pull only: there the person's session vouches for the key. */
  async takeTerms(terms: Terms): Promise<void> {
    if (!(await isServerKey(terms.seal))) return;
    await this.deps.phone.setTerms(terms);
    this.terms = terms;
  }

  /** After a log-in: the password's wrap as it would be made now. */
  async renewPassword(password: string): Promise<void> {
    const vault = this.lock?.vault;
    const wrap = vault?.password;
    if (!wrap || isUsual(wrap) || !this.terms) return;
    const pepper = await this.deps.phone.pepper();
    const renewed = await rewrap(vault, { wrap, secret: password }, { password }, pepper);
    if (renewed) await this.renew('password', renewed.vault);
  }

  /** What another tab has set meanwhile is of today's kind, and stays. */
  private async renew<K extends 'pin' | 'password'>(
    way: K,
    { id, [way]: wrap }: Record<K, Wrap> & Pick<Vault, 'id'>,
  ): Promise<void> {
    await this.keep(id, (now) => {
      const before = now[way];
      return before && !isUsual(before) ? { ...now, [way]: wrap } : now;
    });
  }

  // ---- the key of what was captured here ----------------------------------------------------------

  private async workKey(lock: Lock, key: CryptoKey): Promise<CryptoKey> {
    const { phone } = this.deps;
    const known = await phone.work();
    const { raw, work } = await this.workOf(lock, key, known);
    if (work === known) return imported(raw);
    const kept = await phone.setWork(work, known);
    return imported(kept === work ? raw : await rawOf(kept, key));
  }

  /** Made the first time, sealed to the server as soon as that can be. known: as it is kept. */
  private async workOf({ vault, user }: Lock, key: CryptoKey, known: Work | undefined) {
    const isMade = known?.vault === vault.id;
    const raw = isMade ? await rawOf(known, key) : random(32);
    if (isMade && (known.post || !this.terms)) return { raw, work: known };
    return { raw, work: await this.sealedWork(user, vault.id, key, raw) };
  }

  private async sealedWork(user: string, vault: string, key: CryptoKey, raw: Bytes): Promise<Work> {
    const sealed = await seal(key, 'work', vault, raw);
    const { terms } = this;
    const post = terms && (await sealToServer(terms.seal, ['work', user], raw));
    return { vault, sealed, ...(post && { post }) };
  }

  /** Null where there is nothing that needs it. */
  private async rescued(device: Device, password: string): Promise<Bytes | null> {
    const { phone, net } = this.deps;
    const work = await phone.work();
    if (!work?.post || !(await phone.hasDrafts())) return null;
    const [key] = await rescueKeys(net, device, password, [toBase64(work.post)]);
    return key ? fromBase64(key) : null;
  }

  /** Works while locked: what is exported stays sealed. */
  async exported(): Promise<Blob> {
    const { outbox, shelf, net, phone } = this.deps;
    const { lock, ended } = this;
    const device = await phone.device();
    if (!device || !(lock || ended)) throw new ClientError('session');
    const at = new Date(net.now()).toISOString();
    const vault = lock?.vault ?? ended?.rest ?? null;
    return exportFile(await outbox.all(), shelf, vault, device.id, at);
  }

  // ---- nothing more to open -----------------------------------------------------------------------

  /** Destroys what can be read. What couldn't be sealed to the server, the log-in password still opens. */
  async end(why: EndedWhy): Promise<void> {
    const { user, lock } = this;
    if (!user) return;
    const vault = lock?.vault ?? this.ended?.rest;
    const isAllSealed = await this.isAllSealed().catch(() => false);
    const password = vault && !isAllSealed ? vault.password : null;
    const rest = vault && password ? { id: vault.id, password } : null;
    await this.deps.phone.end({ why, user, rest });
    await this.load();
  }

  /** Unsent visits, photos or drafts, which a new user would make unreadable. */
  async holdsWork(): Promise<boolean> {
    const { outbox, shelf, phone } = this.deps;
    const unsent = (await outbox.all()).some(isToSend);
    const photos = (await shelf.heads()).some((head) => isUnsent(head) && head.visits.length > 0);
    return unsent || photos || (await phone.hasDrafts());
  }

  /** Whether everything unsent is sealed to the server too. */
  async isAllSealed(): Promise<boolean> {
    const { outbox, shelf, phone } = this.deps;
    const visits = (await outbox.all()).filter(isToSend);
    const photos = (await shelf.heads()).filter(isUnsent);
    const drafts = await phone.draftHeads();
    const work = await phone.work();
    return (
      [...visits, ...photos].every(({ post }) => post) &&
      drafts.every((head) => kindOf(head) === WORK && work?.post)
    );
  }

  private async keep(id: string, change: (vault: Vault) => Vault): Promise<void> {
    this.lock = await this.deps.phone.setVault(id, change);
  }

  /** As it is on disk. Stops with `phone_locked` if the phone was ended or begun anew since, in another tab. */
  private async lockNow(known: Lock): Promise<Lock> {
    const lock = await this.deps.phone.lock();
    if (lock?.vault.id !== known.vault.id) throw new ClientError('phone_locked');
    return lock;
  }

  private theLock(): Lock {
    if (!this.lock) throw new ClientError('session');
    return this.lock;
  }

  private async theDevice(): Promise<Device> {
    const device = await this.deps.phone.device();
    if (!device) throw new ClientError('storage_broken', 'device');
    return device;
  }
}

async function rawOf({ vault, sealed }: Work, key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await open(key, 'work', vault, sealed));
}

function imported(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, AES, false, ['encrypt', 'decrypt']);
}
