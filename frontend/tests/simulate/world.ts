/** A history as it happens: phones, server and oracle side by side. */
import { createHash } from 'node:crypto';
import { createSession } from '@/forms/session';
import type { FinishInput, FormDefinition } from '@/protocol/types';
import { Chance } from '../forms-diff/random';
import { Checks, Violation } from './checks';
import { copyOf } from './disk';
import { Model, type Person } from './model';
import { type Fate, meet, send, type Watch } from './network';
import { PIN, SimPhone } from './phone';
import type { Facts, Server } from './server';
import type { Enrolled, Ground } from './setup';
import type { History, Step, VisitKind } from './steps';

const START = Date.parse('2026-11-02T01:00:00Z');
const MOST_PHONES = 6;
/** Of syncs of all, until everybody must have everything. */
const ROUNDS = 4;
const TYPES = { client: 'client', preg: 'pregnancy', home: 'dwelling', tenant: 'resident' };
const VILLAGES = ['379901001001', '379901001002'];

export interface Counts {
  submissions: number;
  conflicts: number;
  repairs: number;
  requests: number;
}

export class World {
  readonly phones: SimPhone[] = [];
  readonly model: Model;
  readonly checks: Checks;
  /** Of all records' versions at the end. */
  digest = '';
  readonly counts: Counts = { submissions: 0, conflicts: 0, repairs: 0, requests: 0 };

  constructor(
    readonly server: Server,
    readonly history: History,
    readonly people: ReadonlyMap<string, Person>,
  ) {
    this.model = new Model(people);
    this.checks = new Checks(this);
  }

  static async run(ground: Ground, history: History): Promise<World> {
    const { server, people, enrolled } = ground;
    const own = new Map([...people].map(([name, one]) => [name, { ...one }]));
    const world = new World(server, history, own);
    server.now = START;
    await server.ask('begin', { seed: history.seed });
    world.takePhones(enrolled);
    for (const step of history.steps) await world.step(step);
    await world.settle();
    return world;
  }

  private takePhones(enrolled: readonly Enrolled[]): void {
    const left = [...enrolled];
    for (const user of this.history.phones) {
      const at = left.findIndex((one) => one.user === user);
      const [one] = left.splice(at, 1);
      if (one) this.addPhone(user, copyOf(one.storage), one.cookies);
    }
  }

  private addPhone(user: string, storage: SimPhone['storage'], cookies: Enrolled['cookies']): void {
    const i = this.phones.length;
    const chance = new Chance(this.history.seed * 31 + i);
    const phone = new SimPhone(`${user}-${i}`, user, this.server, chance, storage);
    phone.cookies = new Map(cookies);
    this.phones.push(phone);
    this.checks.meet(phone);
  }

  personOf(phone: SimPhone): Person {
    return this.people.get(phone.user) as Person;
  }

  // ---- steps --------------------------------------------------------------------------------------

  private async step(step: Step): Promise<void> {
    this.server.now += step.t * 60_000;
    const phone = 'd' in step ? (this.phones[step.d % this.phones.length] as SimPhone) : undefined;
    if (process.env.TRACE) trace(`${phone?.name ?? ''} ${JSON.stringify(step)}`);
    await this.take(step, phone as SimPhone);
    if (phone?.isOn) this.checks.look(phone);
    else if (phone?.client) phone.off();
  }

  /** The step itself. */
  private async take(step: Step, phone: SimPhone): Promise<void> {
    switch (step.do) {
      case 'visit':
        await this.begin(phone, step, true);
        return;
      case 'begin':
        await this.begin(phone, step, false);
        return;
      case 'end':
        return this.end(phone, step.pick, step.v);
      case 'sync':
        return this.sync(phone, step.at, step.fate, step.hold);
      case 'late':
        return this.late(step.pick);
      case 'crash':
        phone.life.endAfter(step.k);
        return;
      case 'off':
        phone.off();
        return;
      case 'clone':
        return this.clone(phone);
    }
  }

  /** Switched on and unlocked, if it is off. */
  private async on(phone: SimPhone): Promise<boolean> {
    if (phone.isOn) return true;
    phone.off();
    const client = await phone.start();
    const isOpen = await phone.until(client.unlock(PIN));
    await phone.quiet();
    if (!phone.isOn) return false;
    if (!isOpen) throw new Violation('I1', `${phone.name} can't be unlocked`);
    this.checks.found(phone);
    return true;
  }

  private async begin(phone: SimPhone, step: VisitStep, finish: boolean): Promise<void> {
    if (!(await this.on(phone))) return;
    const client = phone.client as NonNullable<SimPhone['client']>;
    const me = client.me();
    const form = `sim_${step.kind}`;
    if (!client.catalogue().forms.some(({ id }) => id === form)) return;
    const def = await client.definition(form);
    const area = pickOf(me.areas[def.scope] ?? [], step.v);
    if (!area) return;
    const session = createSession(def, client.host(def.scope, def));
    const known = targetOf(phone, def.scope, step.kind, step.pick);
    const shown = known ? client.registry(def.scope).get(known)?.live : undefined;
    for (const [path, value] of answersOf(phone, step, known)) session.set(path, value);
    const draft = {
      ...{ id: phone.newId(), form: def.id, version: def.version, scope: def.scope },
      ...{ title: '', area, corrects: null, updated: new Date(phone.now()).toISOString() },
      draft: session.snapshot(),
    };
    this.checks.opened(phone, draft.id, known, shown);
    await phone.until(client.saveDraft(draft));
    if (!finish || !phone.isOn) return;
    await this.finish(phone, def, session, draft.id, area);
  }

  private async end(phone: SimPhone, pick: number, v: number): Promise<void> {
    if (!(await this.on(phone))) return;
    const client = phone.client as NonNullable<SimPhone['client']>;
    const drafts = client.drafts();
    const chosen = drafts.sort((a, b) => (a.id < b.id ? -1 : 1))[pick % (drafts.length || 1)];
    const draft = chosen && (await phone.until(client.draft(chosen.id)));
    if (!draft || !phone.isOn) return;
    const def = await client.definition(draft.form, draft.version);
    const session = createSession(def, client.host(def.scope, def), { draft: draft.draft });
    const again = AGAIN[def.id];
    if (again && v % 2) session.set(again, anAnswer(again, v));
    await this.finish(phone, def, session, draft.id, draft.area);
  }

  private async finish(
    phone: SimPhone,
    def: FormDefinition,
    session: ReturnType<typeof createSession>,
    draftId: string,
    area: string,
  ): Promise<void> {
    const { touched } = session.snapshot();
    const input = { draftId, def, answers: session.finish(), touched, area, title: '' };
    const now = this.checks.live(phone, def.scope);
    const id = await phone.until(
      (phone.client as NonNullable<SimPhone['client']>).finish(input as FinishInput),
    );
    if (id && phone.isOn) this.checks.finished(phone, id, draftId, now);
    await phone.quiet();
  }

  private async sync(phone: SimPhone, at: number, fate: Fate, hold: boolean): Promise<void> {
    if (!(await this.on(phone))) return;
    if (!phone.parked) void phone.client?.syncNow();
    await phone.quiet();
    for (let i = 0; phone.parked; i += 1) {
      if (hold && i === at) return;
      await meet(this.server, phone, phone.parked, i === at ? fate : 'ok', this.watch);
      await phone.quiet();
      if (i > 200) throw new Violation('I9', `${phone.name} syncs without end`);
    }
  }

  private async late(pick: number): Promise<void> {
    const with_ = this.phones.filter(({ astray }) => astray.length);
    const phone = with_[pick % (with_.length || 1)];
    const request = phone?.astray.splice(pick % phone.astray.length, 1)[0];
    if (phone && request) await send(this.server, phone, request, this.watch, {}, false);
  }

  private async clone(phone: SimPhone): Promise<void> {
    if (this.phones.length >= MOST_PHONES) return;
    const chance = new Chance(this.history.seed * 31 + this.phones.length);
    const copy = phone.clone(`${phone.user}-${this.phones.length}`, chance);
    this.phones.push(copy);
    this.checks.meet(copy, phone);
  }

  // ---- the end ------------------------------------------------------------------------------------

  /** No trouble any more: everything arrives, and everybody syncs until nothing is left to do. */
  private async settle(): Promise<void> {
    for (const phone of this.phones) phone.life.endAfter(Number.POSITIVE_INFINITY);
    for (const phone of this.phones)
      for (const request of phone.astray.splice(0))
        await send(this.server, phone, request, this.watch, {}, false);
    let facts = await this.server.ask<Facts>('facts');
    for (let round = 0; round < ROUNDS; round += 1) {
      let isQuiet = true;
      for (const phone of this.phones) {
        if ((await this.on(phone)) && this.checks.isSettled(phone, facts)) continue;
        isQuiet = false;
        await this.sync(phone, -1, 'ok', false);
        facts = await this.server.ask<Facts>('facts');
      }
      if (isQuiet) break;
    }
    this.checks.atTheEnd(facts);
    this.digest = digestOf(facts);
    this.counts.submissions = facts.log.length;
    this.counts.conflicts = facts.conflicts.length;
    for (const phone of this.phones) phone.off();
  }

  /** Sees every request that the server worked on, and tells the oracle. */
  private readonly watch: Watch = (phone, request, answer, arrives, stumbled) => {
    this.counts.requests += 1;
    if (process.env.TRACE)
      trace(
        `  ${phone.name} ${request.path} ${answer?.status} ${answer?.text} ${arrives ? '' : '(lost)'}`,
      );
    if (request.path.startsWith('/api/sync/manifest')) this.counts.repairs += 1;
    this.checks.passed(phone, request, answer, arrives, stumbled);
  };
}

type VisitStep = Extract<Step, { do: 'visit' | 'begin' }>;

const trace = (line: string) => process.stdout.write(`${line}\n`);

function digestOf({ feeds, conflicts }: Facts): string {
  const vers = Object.entries(feeds).map(([feed, of]) => [feed, Object.entries(of).sort()]);
  const text = JSON.stringify([vers.sort(), conflicts.sort()]);
  return createHash('sha256').update(text).digest('hex');
}

const pickOf = <T>(things: readonly T[], pick: number): T | undefined =>
  things[pick % (things.length || 1)];

/** A record the phone knows, or none: a new one. */
function targetOf(
  phone: SimPhone,
  scope: 'health' | 'housing' | 'core',
  kind: VisitKind,
  pick: number,
): string | undefined {
  if (pick % 10 < 3) return undefined;
  return pickOf(idsOf(phone, scope, TYPES[kind]), pick);
}

function idsOf(phone: SimPhone, scope: string, type: string): string[] {
  const list = phone.client?.registry(scope as 'health').list(type) ?? [];
  return list.map(({ id }) => id).sort();
}

const PHONE_NUMBERS = ['13800000001', '13800000002', '13800000003'];
const VALUES: Record<string, readonly string[]> = {
  name: ['张小梅', '刘春燕', '李秀珍'],
  phone: PHONE_NUMBERS,
  lessor: PHONE_NUMBERS,
  dob: ['1996-05-04', '1990-01-01'],
  area: VILLAGES,
  unit: ['1-1', '1-2', '2-1'],
  rooms: ['1', '2', '3'],
  status: ['on', 'on', 'born', 'ended'],
  slots: ['1', '2', '1 2'],
  edd: ['2027-03-01', '2027-04-01'],
  source: ['us', 'lmp'],
  sbp: ['120', '151'],
  dbp: ['80', '95'],
  number: ['E12345678', 'E87654321'],
};
const AGAIN: Record<string, string> = {
  sim_client: 'phone',
  sim_preg: 'edd',
  sim_home: 'lessor',
  sim_tenant: 'name',
};
const anAnswer = (question: string, v: number) => pickOf(VALUES[question] ?? [], v >> 1) ?? '';

const QUESTIONS: Record<VisitKind, { first: string[]; later: string[] }> = {
  client: { first: ['name', 'phone', 'dob', 'area'], later: ['phone', 'name', 'area', 'phone'] },
  preg: { first: ['status', 'slots', 'edd', 'source'], later: ['edd', 'status', 'slots', 'sbp'] },
  home: {
    first: ['unit', 'lessor', 'rooms', 'area'],
    later: ['lessor', 'rooms', 'area', 'lessor'],
  },
  tenant: { first: ['name', 'number'], later: ['name', 'home', 'number', 'home'] },
};

/** Everything about a new record; one or two things about one that is known. */
function* answersOf(
  phone: SimPhone,
  { kind, v }: VisitStep,
  known: string | undefined,
): Generator<[string, string]> {
  yield ['visit_date', new Date(phone.now()).toISOString().slice(0, 10)];
  if (known) yield [kind === 'client' ? 'person' : 'known', known];
  const { first, later } = QUESTIONS[kind];
  const asked = known ? [pickOf(later, v), pickOf(later, v >> 2)] : first;
  let i = 0;
  for (const question of new Set(asked as string[])) {
    yield [question, question === 'home' ? homeOf(phone, v) : anAnswer(question, v + i)];
    i += 2;
  }
  if (!known && kind === 'preg')
    yield ['person', pickOf(idsOf(phone, 'health', 'client'), v) ?? ''];
  if (!known && kind === 'tenant') yield ['home', homeOf(phone, v)];
}

const homeOf = (phone: SimPhone, v: number) =>
  pickOf(idsOf(phone, 'housing', 'dwelling'), v >> 3) ?? '';
