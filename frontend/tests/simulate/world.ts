/** A history as it happens: phones, server and oracle side by side. */
import { createHash } from 'node:crypto';
import { signRequest } from '@/crypto/device';
import { type Client, ClientError, type FinishInput } from '@/protocol/types';
import { Chance } from '../forms-diff/random';
import { Checks, Violation } from './checks';
import { sealedVisits } from './crypto';
import { copyOf } from './disk';
import { type Grant, Model, type Person } from './model';
import { type Fate, meet, send, type Watch } from './network';
import { PIN, type Request, SimPhone } from './phone';
import type { Facts, Server } from './server';
import { type Ground, passwordOf } from './setup';
import type { History, Poison, Step } from './steps';
import { type Choice, correct, type Filled, fill, inputOf, POISON, pickOf, resume } from './visits';

const START = Date.parse('2026-11-02T01:00:00Z');
const MINUTE = 60_000;
const MOST_PHONES = 6;
/** Of syncs of all, until everybody must have everything. */
const ROUNDS = 5;
const [TOWN, LIULIN, SHIQIAO] = ['379901001000', '379901001001', '379901001002'] as const;
const VILLAGES: Grant[] = [
  [LIULIN, 'health'],
  [LIULIN, 'housing'],
  [SHIQIAO, 'health'],
  [SHIQIAO, 'housing'],
];
/** What may be given to each person, and taken. */
const GRANTS: [user: string, grants: Grant[]][] = [
  ['wang', VILLAGES],
  ['li', VILLAGES],
  [
    'chen',
    [
      [TOWN, 'health'],
      [LIULIN, 'health'],
    ],
  ],
  [
    'zhao',
    [
      [TOWN, 'housing'],
      [SHIQIAO, 'housing'],
    ],
  ],
];
const DESKS = ['chen', 'zhao'];

export interface Counts {
  submissions: number;
  conflicts: number;
  repairs: number;
  requests: number;
}
interface DeskAnswer {
  body?: string;
  sha?: string;
  readmitted?: string;
  st: string;
}

export class World {
  readonly phones: SimPhone[] = [];
  readonly model: Model;
  readonly checks: Checks;
  readonly server: Server;
  readonly people: ReadonlyMap<string, Person>;
  readonly revoked = new Set<string>();
  /** Of all records' versions at the end. */
  digest = '';
  readonly counts: Counts = { submissions: 0, conflicts: 0, repairs: 0, requests: 0 };
  private backup: ReturnType<Model['keep']>;

  constructor(
    ground: Ground,
    readonly history: History,
  ) {
    this.server = ground.server;
    this.people = new Map([...ground.people].map(([name, one]) => [name, { ...one }]));
    this.model = new Model(this.people);
    this.model.restore(ground.start);
    this.model.noteAway();
    this.backup = this.model.keep();
    this.checks = new Checks(this);
  }

  static async run(ground: Ground, history: History): Promise<World> {
    const world = new World(ground, history);
    ground.server.now = START;
    sealedVisits.clear();
    await ground.server.ask('begin', { seed: history.seed });
    world.takePhones(ground);
    for (const step of history.steps) await world.step(step);
    await world.settle();
    return world;
  }

  personOf(phone: SimPhone): Person {
    return this.people.get(phone.user) as Person;
  }

  isBackedUp(id: string): boolean {
    return this.backup.log.has(id);
  }

  private takePhones({ enrolled }: Ground): void {
    const left = [...enrolled];
    for (const user of this.history.phones) {
      const at = left.findIndex((one) => one.user === user);
      const [one] = left.splice(at, 1);
      if (!one) continue;
      const phone = new SimPhone(
        `${user}-${this.phones.length}`,
        user,
        this.server,
        this.chance(),
        copyOf(one.storage),
      );
      phone.cookies = new Map(one.cookies);
      this.join(phone);
    }
  }

  private chance(): Chance {
    return new Chance(this.history.seed * 31 + this.phones.length);
  }

  private join(phone: SimPhone, from?: SimPhone): void {
    this.phones.push(phone);
    this.checks.meet(phone, from);
  }

  // ---- steps --------------------------------------------------------------------------------------

  private async step(step: Step): Promise<void> {
    this.server.now += step.t * MINUTE;
    const phone = 'd' in step ? this.phones[step.d % this.phones.length] : undefined;
    if (process.env.TRACE) trace(`${phone?.name ?? ''} ${JSON.stringify(step)}`);
    if (phone) await this.ofPhone(step as Extract<Step, { d: number }>, phone);
    else await this.ofServer(step as Exclude<Step, { d: number }>);
    if (phone?.isOn) this.checks.look(phone);
    else if (phone?.client) phone.off();
  }

  private async ofPhone(step: Extract<Step, { d: number }>, phone: SimPhone): Promise<unknown> {
    switch (step.do) {
      case 'visit':
      case 'begin':
      case 'photo':
      case 'poison':
        return this.visit(phone, step);
      case 'end':
        return this.end(phone, step.pick, step.v);
      case 'correct':
        return this.correct(phone, step.pick, step.v);
      case 'sync':
        return this.sync(phone, step.at, step.fate, step.hold);
      case 'login':
        return this.logIn(phone);
      case 'forge':
        return this.forge(phone, step.pick);
      case 'crash':
        return phone.life.endAfter(step.k);
      case 'off':
        return phone.off();
      case 'clone':
        return this.clone(phone);
      case 'revoke':
        return this.revoke(phone);
      case 'clock':
        phone.years = step.years;
    }
  }

  private async ofServer(step: Exclude<Step, { d: number }>): Promise<void> {
    switch (step.do) {
      case 'late':
        return this.late(step.pick);
      case 'grant':
        return this.grant(step.u, step.pick);
      case 'logout':
        return this.server.ask('log_out', { user: GRANTS[step.u]?.[0] });
      case 'desk':
        return this.desk(DESKS[step.u] as string, step.what, step.pick);
      case 'backup':
        await this.server.ask('backup');
        this.backup = this.model.keep();
        return;
      case 'restore':
        await this.server.ask('restore', { epoch: step.epoch });
        this.model.restore(this.backup);
        this.checks.restored();
    }
  }

  // ---- phones -------------------------------------------------------------------------------------

  /** Switched on and unlocked, if it is off. */
  private async on(phone: SimPhone): Promise<Client | null> {
    if (phone.isOn) return phone.isEnded ? null : phone.client;
    phone.off();
    const client = await phone.start();
    if (phone.isEnded) return null;
    // After a leap of its clock a phone reaches the server before it opens.
    const isOpen = await this.served(
      phone,
      client.unlock(PIN).catch((error) => this.waited(error)),
    );
    await phone.quiet();
    if (!phone.isOn || isOpen === undefined) return null;
    if (!isOpen) return this.on(phone);
    this.checks.found(phone);
    return client;
  }

  /** It went off too often while the PIN was tried: those count as wrong, and have to be waited for. */
  private waited(error: unknown): false {
    if (!(error instanceof ClientError && error.key === 'locked')) throw error;
    this.server.now += 16 * MINUTE;
    return false;
  }

  private async visit(
    phone: SimPhone,
    step: Extract<Step, { do: 'visit' | 'begin' | 'photo' | 'poison' }>,
  ): Promise<void> {
    const client = await this.on(phone);
    const filled = client && (await phone.until(fill(phone, client, step)));
    if (!client || !filled || !phone.isOn) return;
    if (step.do === 'photo') await this.photo(phone, client, filled, step);
    if (step.do === 'poison' && step.how === 'apply') spoil(filled);
    const poison = step.do === 'poison' ? step.how : null;
    await this.save(phone, client, filled);
    if (step.do !== 'begin' && phone.isOn) await this.finish(phone, client, filled, poison);
  }

  private async photo(
    phone: SimPhone,
    client: Client,
    { draft, session, def }: Filled,
    { v }: Choice,
  ): Promise<void> {
    if (def.id !== 'sim_home') return;
    const bytes = new Uint8Array(200 + v * 20).map((_, i) => (i * (v + 1)) % 251);
    const name = await phone.until(client.blobs.put(bytes, 'image/jpeg', draft.id));
    if (name) session.set('photo', name);
  }

  private async save(phone: SimPhone, client: Client, filled: Filled): Promise<void> {
    const { draft, known, session, def } = filled;
    const shown = known ? client.registry(def.scope as 'health').get(known)?.live : undefined;
    this.checks.opened(phone, draft.id, known, shown);
    await phone.until(client.saveDraft({ ...draft, draft: session.snapshot() }));
  }

  private async end(phone: SimPhone, pick: number, v: number): Promise<void> {
    const client = await this.on(phone);
    if (!client) return;
    const drafts = client.drafts().sort((a, b) => (a.id < b.id ? -1 : 1));
    const chosen = pickOf(drafts, pick);
    const draft = chosen && (await phone.until(client.draft(chosen.id)));
    const filled = draft && phone.isOn && (await phone.until(resume(client, draft, v)));
    if (filled && phone.isOn) await this.finish(phone, client, filled, null);
  }

  private async correct(phone: SimPhone, pick: number, v: number): Promise<void> {
    const client = await this.on(phone);
    const filled = client && (await phone.until(correct(phone, client, pick, v)));
    if (!client || !filled || !phone.isOn) return;
    await this.save(phone, client, filled);
    if (phone.isOn) await this.finish(phone, client, filled, null);
  }

  private async finish(
    phone: SimPhone,
    client: Client,
    filled: Filled,
    poison: Poison | null,
  ): Promise<void> {
    const input = poisoned(inputOf(filled), poison);
    const now = this.checks.live(phone, filled.def.scope);
    this.checks.finishing(phone, filled.draft.id);
    const id = await phone.until(client.finish(input));
    if (id && phone.isOn) this.checks.finished(phone, id, filled.draft.id, now);
    await phone.quiet();
  }

  private async sync(phone: SimPhone, at: number, fate: Fate, hold: boolean): Promise<void> {
    await this.on(phone);
    if (!phone.isOn) return;
    if (!phone.parked) void phone.client?.syncNow();
    await phone.quiet();
    for (let i = 0; phone.parked; i += 1) {
      if (hold && i === at) return;
      await meet(this.server, phone, phone.parked, i === at ? fate : 'ok', this.watch);
      await phone.quiet();
      if (i > 200) throw new Violation('I9', `${phone.name} syncs without end`);
    }
  }

  /** The password once more, as the phone asks for it. */
  private async logIn(phone: SimPhone): Promise<void> {
    const client = await this.on(phone);
    if (!client?.sync().loginNeeded) return;
    await this.served(
      phone,
      client.login(phone.user, passwordOf(phone.user)).catch(() => undefined),
    );
    await phone.quiet();
  }

  /** What comes of work while the network lets everything through; undefined if the phone went off. */
  private async served<T>(phone: SimPhone, work: Promise<T>): Promise<T | undefined> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    while (!isDone && phone.isOn) {
      if (phone.parked) await meet(this.server, phone, phone.parked, 'ok', this.watch);
      await new Promise(setImmediate);
    }
    return phone.until(done);
  }

  private clone(phone: SimPhone): void {
    if (this.phones.length >= MOST_PHONES) return;
    this.join(phone.clone(`${phone.user}-${this.phones.length}`, this.chance()), phone);
  }

  private async revoke(phone: SimPhone): Promise<void> {
    if (!(await this.on(phone))) return;
    const { id } = phone.opened.deps.device;
    await this.server.ask('revoke', { device: id });
    this.revoked.add(id);
  }

  /** Other bytes arrive under the id of a visit, signed by this very phone. */
  private async forge(phone: SimPhone, pick: number): Promise<void> {
    if (!(await this.on(phone))) return;
    const { items, deps } = phone.opened;
    const all = items.all().sort((a, b) => a.record.n - b.record.n);
    const item = pickOf(all, pick);
    if (!item) return;
    const body = item.content.body.replace('"app":"', `"app":"forged${pick} `);
    const sha = createHash('sha256').update(body).digest('hex');
    const sub = { id: item.record.id, n: item.record.n, sha, body };
    const message = {
      nonce: `forged-${pick}`,
      install: item.record.install,
      device: deps.device.id,
    };
    const now = new Date(phone.now()).toISOString();
    const raw = new TextEncoder().encode(JSON.stringify({ ...message, now, subs: [sub] }));
    const path = '/api/sync/push';
    const headers = {
      ...{ 'X-FS-Proto': '1', 'Content-Type': 'application/vnd.fs-sync+json' },
      'X-FS-Device': deps.device.id,
      'X-FS-Signature': await signRequest(deps.device.keys, 'POST', path, raw),
    };
    const request: Request = { path, method: 'POST', headers, body: raw };
    await send(this.server, phone, request, this.watch, {}, false);
  }

  // ---- server -------------------------------------------------------------------------------------

  private async late(pick: number): Promise<void> {
    const phone = pickOf(
      this.phones.filter(({ astray }) => astray.length),
      pick,
    );
    const request = phone?.astray.splice(pick % phone.astray.length, 1)[0];
    if (phone && request) await send(this.server, phone, request, this.watch, {}, false);
  }

  private async grant(u: number, pick: number): Promise<void> {
    const [user, possible] = GRANTS[u] as [string, Grant[]];
    const person = this.people.get(user) as Person;
    const [area, scope] = pickOf(possible, pick) as Grant;
    const left = person.grants.filter(([a, s]) => a !== area || s !== scope);
    person.grants = left.length < person.grants.length ? left : [...left, [area, scope]];
    await this.server.ask('grants', { user, grants: person.grants });
    this.model.noteAway();
  }

  private async desk(user: string, what: string, pick: number): Promise<void> {
    const done = await this.server.ask<DeskAnswer | null>('desk', { what, user, pick });
    if (!done) return;
    if (done.readmitted) this.checks.admitted(done.readmitted, done.st);
    else if (done.body) this.model.note(done.body, done.sha ?? '', done.st, this.server.now);
  }

  // ---- the end ------------------------------------------------------------------------------------

  /** No trouble any more: everything arrives, and everybody syncs until nothing is left to do. */
  private async settle(): Promise<void> {
    for (const phone of this.phones) phone.life.endAfter(Number.POSITIVE_INFINITY);
    for (const phone of this.phones)
      for (const request of phone.astray.splice(0))
        await send(this.server, phone, request, this.watch, {}, false);
    let heads = await this.server.ask<Facts['heads']>('heads');
    for (let round = 0; round < ROUNDS; round += 1) {
      let isQuiet = true;
      // Those first who have something to tell: the others then need to ask only once.
      const unsent = (phone: SimPhone) => Number(phone.client?.sync().unsent ?? 1);
      for (const phone of [...this.phones].sort((a, b) => unsent(b) - unsent(a))) {
        const isThere = (await this.on(phone)) || phone.isEnded;
        if (isThere && this.checks.isSettled(phone, heads)) continue;
        isQuiet = false;
        await this.logIn(phone);
        await this.sync(phone, -1, 'ok', false);
        this.checks.look(phone);
        heads = await this.server.ask<Facts['heads']>('heads');
      }
      if (isQuiet) break;
    }
    const facts = await this.server.ask<Facts>('facts');
    await this.checks.atTheEnd(facts, this.history.seed);
    this.digest = digestOf(facts);
    this.counts.submissions = facts.log.length;
    this.counts.conflicts = facts.conflicts.length;
    for (const phone of this.phones) phone.off();
  }

  /** Sees every request that the server worked on, and tells the oracle. */
  private readonly watch: Watch = (phone, request, answer, arrives, stumbled) => {
    this.counts.requests += 1;
    if (process.env.TRACE) {
      const lost = arrives ? '' : '(lost)';
      trace(`  ${phone.name} ${request.path} ${answer?.status} ${answer?.text} ${lost}`);
    }
    const isRepair = request.path.startsWith('/api/sync/manifest') && !this.checks.wasRestored;
    if (isRepair) this.counts.repairs += 1;
    this.checks.passed(phone, request, answer, arrives, stumbled);
  };
}

const trace = (line: string) => process.stdout.write(`${line}\n`);

function spoil({ session, def }: Filled): void {
  session.set(def.id === 'sim_home' ? 'unit' : def.id === 'sim_preg' ? 'source' : 'name', POISON);
}

function poisoned(input: FinishInput, poison: Poison | null): FinishInput {
  const { def, answers } = input;
  if (poison === 'unknown_form') return { ...input, def: { ...def, version: '9' } };
  if (poison === 'too_large')
    return { ...input, answers: { ...answers, more: 'x'.repeat(600_000) } };
  if (poison !== 'too_deep') return input;
  let deep: FinishInput['answers'] = { end: '1' };
  for (let i = 0; i < 25; i += 1) deep = { deep };
  return { ...input, answers: { ...answers, deep } };
}

function digestOf({ feeds, conflicts }: Facts): string {
  const vers = Object.entries(feeds).map(([feed, of]) => [feed, Object.entries(of).sort()]);
  const text = JSON.stringify([vers.sort(), conflicts.sort()]);
  return createHash('sha256').update(text).digest('hex');
}
