/**
 * What must be true, worked out anew from nothing but the submissions and the order in which they were taken in: the set of
 * writes, the set of those that somebody replaced, and where that leaves each record. Shares no code with phone or server.
 */
import { createHash } from 'node:crypto';
import type { Op, Submission } from '@/protocol/types';

const LIULIN = '379901001001';
const SHIQIAO = '379901001002';
const NANPO = '379901002001';
/** Villages below an area. */
export const LEAVES: Record<string, string[]> = {
  [LIULIN]: [LIULIN],
  [SHIQIAO]: [SHIQIAO],
  [NANPO]: [NANPO],
  '379901001000': [LIULIN, SHIQIAO],
};

type Scope = 'health' | 'housing';
export type Grant = [area: string, scope: Scope];

interface Kind {
  scope: Scope;
  /** The register that says where it is, or whose place it has. */
  area?: string;
  root?: string;
  /** Of each audience, the registers it sees. */
  seen: Record<string, string[]>;
  /** Registers whose newest value is shown, and that are never in conflict. */
  latest: string[];
  union: string[];
  writers: string[];
}

const DWELLING = ['area_code', 'unit_no', 'lessor_phone', 'rooms_let'];
const PREGNANCY = ['person', 'status', 'anc_slots', 'dating'];
const KINDS: Record<string, Kind> = {
  client: {
    scope: 'health',
    area: 'area_code',
    seen: {
      care: ['full_name', 'phone', 'dob', 'area_code'],
      clinic: ['full_name', 'phone', 'dob', 'area_code'],
    },
    latest: [],
    union: [],
    writers: ['worker', 'nurse'],
  },
  pregnancy: {
    scope: 'health',
    root: 'person',
    seen: { care: PREGNANCY, clinic: [...PREGNANCY, 'bp'] },
    latest: ['status', 'bp'],
    union: ['anc_slots'],
    writers: ['worker', 'nurse'],
  },
  dwelling: {
    scope: 'housing',
    area: 'area_code',
    seen: {
      housing: DWELLING,
      helper: DWELLING,
      building: DWELLING.filter((register) => register !== 'lessor_phone'),
    },
    latest: ['rooms_let'],
    union: [],
    writers: ['worker', 'area'],
  },
  resident: {
    scope: 'housing',
    root: 'dwelling',
    seen: { housing: ['full_name', 'dwelling'], helper: ['full_name', 'dwelling'] },
    latest: ['dwelling'],
    union: [],
    writers: ['worker', 'grid'],
  },
};
/** The forms of histories, and who fills them. */
const FORMS: Record<string, { scope: Scope; roles: string[] }> = {
  sim_client: { scope: 'health', roles: ['worker', 'nurse'] },
  sim_preg: { scope: 'health', roles: ['worker', 'nurse'] },
  sim_home: { scope: 'housing', roles: ['worker', 'area'] },
  sim_tenant: { scope: 'housing', roles: ['worker', 'area'] },
};
/** Registers that only some of a type's writers fill in. */
const RESERVED: Record<string, string[]> = { bp: ['nurse'] };

export interface Person {
  id: string;
  name: string;
  role: string;
  grants: Grant[];
}

interface Write {
  dot: string;
  v: Op['v'];
  on: string;
  at: string;
}
interface Entity {
  id: string;
  type: string;
  /** Every write by register, replaced or not. */
  writes: Map<string, Write[]>;
  /** The mention that says where it is if nothing else does. */
  home: [old: number, sid: string, area: string];
}

/** A submission in the log. */
export interface Logged {
  id: string;
  sha: string;
  state: 'applied' | 'aside';
  why: string | null;
  body: Submission;
  install: string;
  n: number;
  at: string;
}
/** An item of a push, as it comes to the door. */
export interface Arriving {
  id: string;
  sha: string;
  body: string;
  by: Person;
  revoked: boolean;
  /** The server's clock, ms. */
  now: number;
}
export interface Verdict {
  st: string;
  why: string | null;
}

interface State {
  log: Map<string, Logged>;
  variants: Map<string, Set<string>>;
  entities: Map<string, Entity>;
  gone: Set<string>;
}

const fresh = (): State => ({
  log: new Map(),
  variants: new Map(),
  entities: new Map(),
  gone: new Set(),
});

/** Who sees a scope as whom. */
function audienceOf(role: string, scope: Scope): string | null {
  if (role === 'worker') return scope === 'health' ? 'care' : 'housing';
  if (role === 'nurse') return scope === 'health' ? 'clinic' : null;
  if (role === 'area') return scope === 'housing' ? 'housing' : null;
  return null;
}

export class Model {
  private state = fresh();
  /** Records that were, at some moment, out of a person's sight though they had been begun: `user|entity`. */
  readonly wasAway = new Set<string>();
  /** Every dot any submission anybody ever made names as replaced. */
  readonly everReplaced = new Set<string>();

  constructor(readonly people: ReadonlyMap<string, Person>) {}

  get log(): ReadonlyMap<string, Logged> {
    return this.state.log;
  }
  get variants(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.state.variants;
  }
  get entities(): ReadonlyMap<string, Entity> {
    return this.state.entities;
  }

  keep(): State {
    const { log, variants, entities, gone } = this.state;
    const copy = (e: Entity): Entity => ({
      ...e,
      writes: new Map([...e.writes].map(([reg, writes]) => [reg, [...writes]])),
    });
    return {
      log: new Map(log),
      variants: new Map([...variants].map(([id, shas]) => [id, new Set(shas)])),
      entities: new Map([...entities].map(([id, e]) => [id, copy(e)])),
      gone: new Set(gone),
    };
  }

  restore(kept: State): void {
    this.state = kept;
    this.state = this.keep();
  }

  // ---- the door -----------------------------------------------------------------------------------

  /** What must be said of an item, and what it does. */
  take(item: Arriving): Verdict {
    const known = this.state.log.get(item.id);
    if (known) return this.again(known, item);
    const body = readBody(item.body);
    const why = body === null ? 'parse' : (unreadable(item.body) ?? this.objection(body, item));
    const logged: Logged = {
      ...{ id: item.id, sha: item.sha, why, state: why ? 'aside' : 'applied' },
      body: body ?? ({ ops: [], entities: [] } as unknown as Submission),
      ...{ install: body?.install ?? '', n: body?.n ?? 0 },
      at: new Date(Math.min(momentOf(body, item.now), item.now)).toISOString(),
    };
    this.state.log.set(item.id, logged);
    if (why) return { st: 'quarantined', why };
    this.apply(logged, item.by.role);
    return { st: this.contests(logged) ? 'conflict' : 'stored', why: null };
  }

  /** Work that was kept aside is let in by a supervisor. */
  admit(id: string): void {
    const logged = this.state.log.get(id);
    if (!logged || logged.state === 'applied') return;
    const role = [...this.people.values()].find((one) => one.id === logged.body.user)?.role ?? '';
    this.state.log.set(id, { ...logged, state: 'applied', why: null });
    this.apply(logged, role);
  }

  /** What was done at the desk: it is told what became of it. */
  note(text: string, sha: string, st: string, now: number): void {
    const body = readBody(text);
    if (!body) return;
    const state = st === 'quarantined' ? 'aside' : 'applied';
    const logged: Logged = {
      ...{ id: body.id, sha, state, why: null, body, install: 'desk', n: 0 },
      at: new Date(now).toISOString(),
    };
    this.state.log.set(body.id, logged);
    if (state === 'applied') this.apply(logged, 'desk');
  }

  private again(known: Logged, item: Arriving): Verdict {
    if (known.sha === item.sha) {
      const aside = known.state === 'aside';
      return { st: aside ? 'quarantined' : 'duplicate', why: aside ? known.why : null };
    }
    const others = this.state.variants.get(item.id) ?? new Set();
    this.state.variants.set(item.id, others.add(item.sha));
    return { st: 'variant', why: null };
  }

  /** Why it is kept aside; null if it isn't. */
  private objection(body: Submission, item: Arriving): string | null {
    const { by, revoked } = item;
    if (revoked) return 'revoked';
    if (body.user !== by.id) return 'authz';
    if (body.form.startsWith('_')) return null;
    const form = FORMS[body.form];
    if (!form || body.fv !== '1') return 'unknown_form';
    const mine = this.villages(by, form.scope);
    if (!form.roles.includes(by.role) || !mine.has(body.area)) return 'authz';
    const after = this.trial(body, by.role);
    const isTheirs = ({ e, t }: Submission['entities'][number]) => {
      const before = this.state.entities.get(e);
      const places = before ? this.places(before) : this.places(after.get(e) as Entity, after);
      const sameType = !before || before.type === t;
      return sameType && KINDS[t]?.writers.includes(by.role) && places.some((at) => mine.has(at));
    };
    // The test server fails on purpose where it derives from this, before rights are looked at.
    if (item.body.includes('"POISON"')) return 'apply';
    return body.entities.every(isTheirs) ? null : 'authz';
  }

  /** Whether it can't be applied whoever sent it. */
  isBroken(id: string): boolean {
    const body = this.state.log.get(id)?.body;
    return (
      !body || !FORMS[body.form] || body.fv !== '1' || JSON.stringify(body).includes('"POISON"')
    );
  }

  // ---- state --------------------------------------------------------------------------------------

  /** Its records as they would be. */
  private trial(body: Submission, role: string): Map<string, Entity> {
    const made = new Map<string, Entity>();
    for (const { e, t, new: isNew } of body.entities) {
      const old = made.get(e) ?? this.state.entities.get(e);
      const home: Entity['home'] = [isNew ? 0 : 1, body.id, body.area];
      const writes = new Map([...(old?.writes ?? [])].map(([reg, w]) => [reg, [...w]]));
      const first = old && older(old.home, home) ? old.home : home;
      made.set(e, { id: e, type: t, writes, home: first });
    }
    body.ops.forEach((op, i) => {
      if (fillsIn(role, op.r)) this.write(made, body, op, i, '');
    });
    return made;
  }

  private apply(logged: Logged, role: string): void {
    const { body, at } = logged;
    if (body.form === '_review' || body.form === '_issue') return;
    for (const { e, t, new: isNew } of body.entities) {
      const home: Entity['home'] = [isNew ? 0 : 1, body.id, body.area];
      const old = this.state.entities.get(e) ?? { id: e, type: t, writes: new Map(), home };
      this.state.entities.set(e, { ...old, home: older(old.home, home) ? old.home : home });
    }
    body.ops.forEach((op, i) => {
      if (!fillsIn(role, op.r)) return;
      this.write(this.state.entities, body, op, i, at);
      for (const dot of op.sup) this.state.gone.add(`${op.e} ${op.r} ${dot}`);
    });
    this.noteAway();
  }

  private write(into: Map<string, Entity>, body: Submission, op: Op, i: number, at: string): void {
    const entity = into.get(op.e);
    if (!entity) return;
    const writes = entity.writes.get(op.r) ?? [];
    writes.push({ dot: `${body.id}:${i}`, v: op.v, on: body.on, at });
    entity.writes.set(op.r, writes);
  }

  /** The writes of a register that nobody replaced. */
  live(entity: Entity, register: string): Write[] {
    return (entity.writes.get(register) ?? []).filter(
      ({ dot }) => !this.state.gone.has(`${entity.id} ${register} ${dot}`),
    );
  }

  private newest(entity: Entity, register: string): Write | undefined {
    const key = ({ on, at, dot }: Write) => {
      const [sid, i] = dot.split(':') as [string, string];
      return [on, at, sid, i.padStart(6, '0')].join('|');
    };
    return this.live(entity, register).sort((a, b) => (key(a) < key(b) ? 1 : -1))[0];
  }

  /** Whether different values stand in a register that has one. */
  contested(entity: Entity, register: string): boolean {
    const kind = KINDS[entity.type];
    if (kind?.latest.includes(register) || kind?.union.includes(register)) return false;
    return new Set(this.live(entity, register).map(({ v }) => canonical(v))).size > 1;
  }

  private contests({ body }: Logged): boolean {
    return body.ops.some(({ e, r }) => {
      const entity = this.state.entities.get(e);
      return entity !== undefined && this.contested(entity, r);
    });
  }

  conflicts(): string[] {
    const found = [...this.state.entities.values()].flatMap((entity) =>
      [...entity.writes.keys()]
        .filter((register) => this.contested(entity, register))
        .map((register) => `${entity.id} ${register}`),
    );
    return found.sort();
  }

  // ---- places and who sees what -------------------------------------------------------------------

  /** The villages a record is in. */
  places(entity: Entity, first: ReadonlyMap<string, Entity> = this.state.entities): string[] {
    const kind = KINDS[entity.type];
    if (kind?.area) {
      const own = this.said(entity, kind.area).filter((area) => /^\d{12}$/.test(area));
      if (own.length) return own;
    }
    const roots = kind?.root ? this.said(entity, kind.root) : [];
    const found = roots.flatMap((id) => {
      const root = first.get(id) ?? this.state.entities.get(id);
      return root && root.id !== entity.id && KINDS[root.type]?.scope === kind?.scope
        ? this.places(root, first)
        : [];
    });
    return found.length ? [...new Set(found)].sort() : [entity.home[2]];
  }

  /** What a register says of a place: all that stands, or for one that shows the newest, that. */
  private said(entity: Entity, register: string): string[] {
    const newest = KINDS[entity.type]?.latest.includes(register);
    const writes = newest ? [this.newest(entity, register)] : this.live(entity, register);
    const texts = writes.flatMap((write) => (typeof write?.v === 'string' ? [write.v] : []));
    return [...new Set(texts.filter(Boolean))].sort();
  }

  /** What an audience sees of a record: live dots by register; nothing if it doesn't see it. */
  seen(entity: Entity, audience: string): Map<string, string[]> {
    const kind = KINDS[entity.type];
    const found = new Map<string, string[]>();
    const ended = audience === 'care' && this.newest(entity, 'status')?.v === 'ended';
    if (entity.type === 'pregnancy' && ended) return found;
    for (const register of kind?.seen[audience] ?? []) {
      const dots = this.live(entity, register).map(({ dot }) => dot);
      if (dots.length) found.set(register, dots.sort());
    }
    return found;
  }

  /** Every feed with the version of each record in it. */
  feeds(): Map<string, Map<string, string>> {
    const feeds = new Map<string, Map<string, string>>();
    for (const entity of this.state.entities.values()) {
      const places = this.places(entity);
      for (const audience of Object.keys(KINDS[entity.type]?.seen ?? {})) {
        const dots = [...this.seen(entity, audience).values()].flat();
        if (!dots.length) continue;
        const ver = versionOf(entity.id, dots, places);
        for (const place of places) {
          const feed = feeds.get(`${place}.${audience}`) ?? new Map<string, string>();
          feeds.set(`${place}.${audience}`, feed.set(entity.id, ver));
        }
      }
    }
    return feeds;
  }

  villages(person: Person, scope: Scope): Set<string> {
    const granted = person.grants.filter(([, of]) => of === scope);
    return new Set(granted.flatMap(([area]) => LEAVES[area] ?? []));
  }

  /** The feeds a person's phone holds, own post included. */
  feedsOf(person: Person): string[] {
    const scopes: Scope[] = ['health', 'housing'];
    const areas = scopes.flatMap((scope) => {
      const audience = audienceOf(person.role, scope);
      return audience ? [...this.villages(person, scope)].map((area) => `${area}.${audience}`) : [];
    });
    return [...areas, `u.${person.id}`].sort();
  }

  /** The records a person sees, with the dots that stand in them. */
  sightOf(person: Person): Map<string, Map<string, string[]>> {
    const sight = new Map<string, Map<string, string[]>>();
    for (const entity of this.state.entities.values()) {
      const seen = this.seenBy(person, entity);
      if (seen.size) sight.set(entity.id, seen);
    }
    return sight;
  }

  private seenBy(person: Person, entity: Entity): Map<string, string[]> {
    const scope = KINDS[entity.type]?.scope as Scope;
    const audience = audienceOf(person.role, scope);
    const mine = this.villages(person, scope);
    const isHere = this.places(entity).some((place) => mine.has(place));
    return audience && isHere ? this.seen(entity, audience) : new Map();
  }

  /** Call whenever rights or records changed. */
  noteAway(): void {
    for (const person of this.people.values())
      for (const entity of this.state.entities.values())
        if (!this.seenBy(person, entity).size) this.wasAway.add(`${person.id}|${entity.id}`);
  }
}

/** Settling is the reviewer's, whatever the register. */
const fillsIn = (role: string, register: string) =>
  role === 'desk' || (RESERVED[register] ?? [role]).includes(role);

const DEEPEST = 20;
const LARGEST = 512 * 1024;

/** Why nobody reads it, before anybody asks whose it is. */
function unreadable(text: string): string | null {
  if (new TextEncoder().encode(text).length > LARGEST) return 'too_large';
  return depthOf(JSON.parse(text)) > DEEPEST ? 'too_deep' : null;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function older(a: Entity['home'], b: Entity['home']): boolean {
  return a[0] - b[0] ? a[0] < b[0] : a[1] === b[1] ? a[2] < b[2] : a[1] < b[1];
}

export function canonical(v: Op['v']): string {
  if (v === null) return '';
  if (typeof v === 'string') return v.trim();
  return JSON.stringify(
    Object.entries(v)
      .filter(([, one]) => one !== '')
      .sort(),
  );
}

function versionOf(id: string, dots: readonly string[], places: readonly string[]): string {
  const text = [id, [...dots].sort().join(','), [...places].sort().join(',')].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

export function readBody(text: string): Submission | null {
  try {
    const body = JSON.parse(text) as Submission;
    return Array.isArray(body.ops) && Array.isArray(body.entities) ? body : null;
  } catch {
    return null;
  }
}

function momentOf(body: Submission | null, now: number): number {
  const at = new Date(body?.at ?? '').getTime();
  return Number.isNaN(at) ? now : at;
}
