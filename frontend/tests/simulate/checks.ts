/**
 * The invariants of sync, each by its name in docs/sync.md, held against what phones and server do. What must be true
 * comes from the model; what phones hold is looked up inside them.
 */
import type { LiveValue, Submission } from '@/protocol/types';
import { sealedVisits } from './crypto';
import { rowsOf } from './disk';
import type { Model, Person, Verdict } from './model';
import { readBody } from './model';
import { messageOf } from './network';
import type { Request, SimPhone } from './phone';
import type { Derived, Facts, Server } from './server';

/** What is broken: its name, and how it shows. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(`${invariant}: ${message}`);
  }
}

type Dots = Map<string, Map<string, Set<string>>>;

/** What the oracle knows of one phone. */
interface Known {
  /** Finished visits told as saved, or found after a restart: hash by id. */
  saved: Map<string, string>;
  bodies: Map<string, Submission>;
  /** What answers that reached it said of its visits. */
  told: Map<string, Set<string>>;
  /** Drafts: the dots shown when they were begun, by entity and register. */
  shown: Map<string, Dots>;
  /** Records seen when last looked. */
  seen: Set<string>;
  /** The submission that each draft became. */
  became: Map<string, string>;
  /** The draft being finished when it was last looked. */
  finishing: string | null;
  /** Syncs it needs before all is well: after a restore it must notice, and then ask about everything. */
  syncsNeeded: number;
  /** The feeds of the last pull that it saw the answer of. */
  granted: string[] | null;
}

interface Setting {
  readonly server: Server;
  readonly model: Model;
  readonly phones: readonly SimPhone[];
  readonly people: ReadonlyMap<string, Person>;
  /** Ids of devices. */
  readonly revoked: ReadonlySet<string>;
  personOf(phone: SimPhone): Person;
  /** Whether the newest backup holds a submission. */
  isBackedUp(id: string): boolean;
}

export class Checks {
  /** The server came back from an older copy. */
  wasRestored = false;
  private readonly known = new Map<SimPhone, Known>();

  /** Submissions that were kept aside at some moment. */
  private readonly everAside = new Set<string>();

  constructor(private readonly setting: Setting) {}

  private of(phone: SimPhone): Known {
    return this.known.get(phone) as Known;
  }

  /** A phone joins; one that was cloned knows what the other did. */
  meet(phone: SimPhone, from?: SimPhone): void {
    const other = from && this.of(from);
    this.known.set(phone, {
      saved: new Map(other?.saved),
      bodies: new Map(other?.bodies),
      told: new Map([...(other?.told ?? [])].map(([id, said]) => [id, new Set(said)])),
      shown: new Map(other?.shown),
      became: new Map(other?.became),
      finishing: null,
      seen: new Set(),
      syncsNeeded: other?.syncsNeeded ?? 0,
      granted: null,
    });
  }

  // ---- on the phone -------------------------------------------------------------------------------

  /** Switched on: what lies in its outbox is saved, whatever was told before. */
  found(phone: SimPhone): void {
    const known = this.of(phone);
    const items = outboxOf(phone);
    for (const [id, item] of items) {
      if (known.finishing && !known.saved.has(id)) known.became.set(known.finishing, id);
      this.save(known, id, item);
    }
    known.finishing = null;
    for (const id of known.saved.keys())
      assert(
        items.has(id) || known.told.get(id)?.has('durable') === true,
        'I1',
        () => `${phone.name} lost ${id}, which was saved`,
      );
  }

  /** A form begins with what is shown of a record. */
  opened(
    phone: SimPhone,
    draft: string,
    entity: string | undefined,
    live: Record<string, LiveValue[]> | undefined,
  ): void {
    const dots: Dots = new Map();
    if (entity && live) dots.set(entity, dotsOf(live));
    this.of(phone).shown.set(draft, dots);
  }

  /** What is shown of everything now. */
  live(phone: SimPhone, scope: string): Dots {
    const dots: Dots = new Map();
    for (const [id, view] of viewsOf(phone))
      if (view.scope === scope) dots.set(id, dotsOf(view.live));
    return dots;
  }

  /** The phone is about to finish this draft. */
  finishing(phone: SimPhone, draft: string): void {
    this.of(phone).finishing = draft;
  }

  /** A visit was told as saved. now: what was shown when it was finished. */
  finished(phone: SimPhone, id: string, draft: string, now: Dots): void {
    const item = outboxOf(phone).get(id);
    if (!item) throw new Violation('I1', `${phone.name} says ${id} is saved; it isn't there`);
    const known = this.of(phone);
    this.save(known, id, item);
    const { ops, corrects } = item.body;
    const before = known.became.get(draft);
    assert(
      !before || before === id || corrects === before,
      'I1',
      () => `one visit became ${before} and ${id}`,
    );
    known.became.set(draft, id);
    known.finishing = null;
    const shown = known.shown.get(draft);
    for (const op of ops)
      for (const dot of op.sup) {
        const wasShown = shown?.get(op.e)?.get(op.r)?.has(dot);
        const isShown = (corrects || LATEST.has(op.r)) && now.get(op.e)?.get(op.r)?.has(dot);
        const own = corrects !== null && dot.startsWith(`${corrects}:`);
        assert(
          wasShown || isShown || own,
          'I5',
          () => `${id} replaces ${op.r} ${dot}, never shown`,
        );
      }
  }

  private save(known: Known, id: string, item: Item): void {
    known.saved.set(id, item.sha);
    known.bodies.set(id, item.body);
    for (const op of item.body.ops)
      for (const dot of op.sup) this.setting.model.everReplaced.add(dot);
  }

  /** After every step of a phone. */
  look(phone: SimPhone): void {
    if (phone.isEnded) return;
    const known = this.of(phone);
    const views = viewsOf(phone);
    const { error } = phone.client?.sync() ?? {};
    assert(error !== 'unexpected', 'I9', () => `${phone.name}: an error of its own in a sync`);
    this.looksSent(phone, known);
    this.ownWork(phone, known, views);
    this.inOrder(phone, known, views);
    this.nothingVanished(phone, known, views);
    this.onlyGranted(phone, known);
    this.wholeRecords(phone, known);
    known.seen = new Set(views.keys());
  }

  /** I20: nothing is marked but by an answer that named it. I14: nothing goes that isn't durable. */
  private looksSent(phone: SimPhone, known: Known): void {
    const items = outboxOf(phone);
    const onDisk = rowsOf<{ id: string; state: string }>(phone.storage, 'fs-outbox', 'items');
    const shown = [...items].map(([id, { state }]) => ({ id, state }));
    for (const { id, state } of [...shown, ...onDisk]) {
      const told = known.told.get(id) ?? new Set();
      const wanted = state === 'sent' ? ACKS : state === 'attention' ? ASIDE : DURABLE;
      if (state === 'waiting' || state === 'sending') continue;
      assert(
        [...wanted].some((st) => told.has(st)),
        'I20',
        () => `${phone.name} shows ${id} as ${state}; it was told ${[...told].join() || 'nothing'}`,
      );
    }
    for (const id of known.saved.keys())
      assert(
        items.has(id) || known.told.get(id)?.has('durable') === true,
        'I14',
        () => `${phone.name} let go of ${id}, which isn't durable`,
      );
  }

  /** I7: own writes stay in sight until somebody replaces them. */
  private ownWork(phone: SimPhone, known: Known, views: Views): void {
    if (this.wasRestored) return;
    const { model } = this.setting;
    const me = this.setting.personOf(phone);
    for (const [id, body] of known.bodies) {
      if (this.everAside.has(id) || model.variants.has(id)) continue;
      body.ops.forEach((op, i) => {
        const dot = `${id}:${i}`;
        if (model.everReplaced.has(dot) || model.wasAway.has(`${me.id}|${op.e}`)) return;
        if (HIDDEN.has(op.r)) return;
        // C2: what it was begun by was kept aside, so there is no record to show it in.
        const begun = body.entities.some(({ e, new: isNew }) => e === op.e && isNew);
        if (!begun && !model.entities.has(op.e)) return;
        const live = views.get(op.e)?.live[op.r];
        assert(
          live?.some((value) => value.dot === dot) === true,
          'I7',
          () => `${phone.name} doesn't see its own ${op.r} of ${op.e} (${dot})`,
        );
      });
    }
  }

  /** C3: what own work replaced is out of sight, and stays so while one of two visits has arrived and the other hasn't. */
  private inOrder(phone: SimPhone, known: Known, views: Views): void {
    if (this.wasRestored) return;
    const { model } = this.setting;
    for (const [id, { ops }] of known.bodies) {
      if (this.everAside.has(id) || model.variants.has(id)) continue;
      for (const { e, r, sup } of ops)
        for (const { dot } of views.get(e)?.live[r] ?? [])
          assert(
            !sup.includes(dot),
            'C3',
            () => `${phone.name} shows ${dot}, which ${id} replaced`,
          );
    }
  }

  /** I24: what was in sight and never out of the person's reach is in sight. */
  private nothingVanished(phone: SimPhone, known: Known, views: Views): void {
    if (this.wasRestored) return;
    const { model } = this.setting;
    const me = this.setting.personOf(phone);
    for (const id of known.seen)
      assert(
        views.has(id) || !model.entities.has(id) || model.wasAway.has(`${me.id}|${id}`),
        'I24',
        () => `${id} vanished from ${phone.name}, though it was in reach all the time`,
      );
  }

  /** C2: no record is shown in pieces. */
  private wholeRecords(phone: SimPhone, known: Known): void {
    const held = new Set([...phone.opened.base.entities()].map(([id]) => id));
    const begun = new Set(
      [...known.bodies.values()].flatMap(({ entities }) =>
        entities.filter(({ new: isNew }) => isNew).map(({ e }) => e),
      ),
    );
    for (const id of viewsOf(phone).keys())
      assert(held.has(id) || begun.has(id), 'C2', () => `${phone.name} shows a part of ${id}`);
  }

  /** I8: nothing stays of what a sync told is lost. */
  private onlyGranted(phone: SimPhone, known: Known): void {
    const sync = phone.client?.sync();
    if (sync?.running || sync?.error || !known.granted) return;
    const held = phone.opened.base.cursors().map(({ feed }) => feed);
    assert(
      held.sort().join() === known.granted.join(),
      'I8',
      () => `${phone.name} holds ${held.join()} of ${known.granted?.join()}`,
    );
  }

  // ---- on the line --------------------------------------------------------------------------------

  passed(
    phone: SimPhone,
    request: Request,
    answer: { status: number; text: string } | null,
    arrives: boolean,
    stumbled: boolean,
  ): void {
    if (!answer) return;
    assert(
      answer.status < 500 || stumbled,
      'no 5xx',
      () => `${request.path} ${answer.status} ${answer.text}`,
    );
    const name = request.path.split('/').pop() ?? '';
    if (answer.status !== 200 || !request.path.startsWith('/api/sync/')) return;
    const said = JSON.parse(answer.text) as Said;
    if (name === 'push') this.pushed(phone, request, said, arrives);
    else if (name === 'verify') this.verified(phone, said, arrives);
    else if (name === 'pull') this.pulled(phone, said, arrives);
    if (name === 'manifest')
      assert(this.wasRestored, 'I11', () => `${phone.name} had to repair its copy`);
  }

  private pushed(phone: SimPhone, request: Request, { results }: Said, arrives: boolean): void {
    const { model, server } = this.setting;
    const by = this.setting.personOf(phone);
    const revoked = this.setting.revoked.has(request.headers['X-FS-Device'] ?? '');
    const { subs } = messageOf(request) as { subs: { id: string; sha: string; body?: string }[] };
    const sent = subs.map((sub) => ({ ...sub, body: sub.body ?? sealedVisits.get(sub.id) ?? '' }));
    sent.forEach((sub, i) => {
      const said = results?.[i] as Verdict & { id: string };
      for (const op of readBody(sub.body)?.ops ?? [])
        for (const dot of op.sup) model.everReplaced.add(dot);
      if (said.st === 'later') return;
      const must = model.take({ ...sub, by, revoked, now: server.now });
      assert(
        said.id === sub.id && said.st === must.st && said.why === must.why,
        'door',
        () => `${sub.id} is told ${said.st} ${said.why}, must be ${must.st} ${must.why}`,
      );
      if (said.st === 'quarantined') this.everAside.add(sub.id);
      if (arrives) this.tell(phone, sub.id, said.st);
    });
  }

  /** A supervisor let something in that was kept aside for want of rights, or because it failed. */
  admitted(id: string, st: string): void {
    const { model } = this.setting;
    const why = model.log.get(id)?.why ?? '';
    const isPossible = why === 'authz' || why === 'revoked';
    const isIn = st === 'stored' || st === 'conflict';
    assert(
      isIn || !isPossible || model.isBroken(id),
      'door',
      () => `${id} (${why}) can't be let in: ${st}`,
    );
    if (isIn) model.admit(id);
  }

  /** The server is an older one again. I13: what was told as durable is in it. */
  restored(): void {
    this.wasRestored = true;
    const { log } = this.setting.model;
    for (const known of this.known.values()) known.syncsNeeded = 2;
    for (const [phone, { told }] of this.known)
      for (const [id, said] of told)
        assert(
          !said.has('durable') || log.has(id),
          'I13',
          () => `${phone.name} was told that ${id} is durable; the backup lacks it`,
        );
  }

  private verified(phone: SimPhone, said: Said, arrives: boolean): void {
    const { log } = this.setting.model;
    for (const id of said.missing ?? [])
      assert(!log.has(id), 'verify', () => `${id} is here, but told as missing`);
    for (const id of said.durable ?? [])
      assert(
        log.has(id) && this.setting.isBackedUp(id),
        'I13',
        () => `${id} isn't in a backup, but told as durable`,
      );
    if (!arrives) return;
    this.of(phone).syncsNeeded -= 1;
    for (const [id, { st }] of Object.entries(said.states ?? {})) this.tell(phone, id, st);
    for (const id of said.durable ?? []) this.tell(phone, id, 'durable');
  }

  private tell(phone: SimPhone, id: string, st: string): void {
    const { told } = this.of(phone);
    told.set(id, (told.get(id) ?? new Set()).add(st));
  }

  /** I21: only feeds of the caller's, and in them only what belongs there. */
  private pulled(phone: SimPhone, said: Said, arrives: boolean): void {
    const { model } = this.setting;
    const mine = model.feedsOf(this.setting.personOf(phone));
    const feeds = model.feeds();
    for (const [feed, page] of Object.entries(said.feeds ?? {})) {
      assert(mine.includes(feed), 'I21', () => `${phone.name} is sent ${feed}`);
      if (feed.startsWith('u.')) continue;
      for (const change of page.ch) {
        const ver = feeds.get(feed)?.get(change.e);
        const right = change.k === 'up' ? change.ver === ver : ver === undefined;
        assert(
          right,
          'I21',
          () => `${feed} tells ${change.k} of ${change.e} ${change.ver}, ${ver}`,
        );
      }
    }
    if (arrives) this.of(phone).granted = mine;
  }

  // ---- at the end ---------------------------------------------------------------------------------

  /** Nothing is left to send or to fetch, as far as can be told from outside. */
  isSettled(phone: SimPhone, heads: Facts['heads']): boolean {
    const { unsent, error, running } = phone.client?.sync() ?? {
      unsent: 1,
      error: '',
      running: true,
    };
    if (phone.isEnded) return !unsent;
    if (this.of(phone).syncsNeeded > 0 || this.isRevoked(phone)) return false;
    const { unsentBlobs } = phone.client?.sync() ?? { unsentBlobs: 0 };
    if (unsent || unsentBlobs || error || running || phone.opened.items.pending().length)
      return false;
    const mine = this.setting.model.feedsOf(this.setting.personOf(phone));
    const held = phone.opened.base.cursors().map(({ feed }) => feed);
    if (held.sort().join() !== mine.join()) return false;
    const { base } = phone.opened;
    return base.cursors().every(({ feed }) => {
      const [sum, count] = heads[feed] ?? NOTHING;
      const have = base.tally(feed);
      return have.sum === sum && have.count === count;
    });
  }

  async atTheEnd(facts: Facts, seed: number): Promise<void> {
    const { phones } = this.setting;
    this.theLog(facts);
    this.derived(facts, 'I3');
    for (const phone of phones) this.arrived(phone, facts);
    for (const phone of phones) if (!this.isRevoked(phone)) this.converged(phone, facts);
    this.gapsTold(facts);
    // Costly ones now and then.
    if (seed % 3 === 0) await this.again(facts, seed);
  }

  /** The server finds nothing wrong itself; I2 and I3: the same arriving again, or derived anew, changes nothing. */
  private async again(facts: Facts, seed: number): Promise<void> {
    const { server } = this.setting;
    same(await server.ask<string[]>('audit'), [], 'audit', 'faults');
    const replayed = await server.ask<Derived>('replay', { seed });
    same(flat(replayed.feeds), flat(facts.feeds), 'I2', 'feeds after everything came again');
    this.derived(await server.ask<Derived>('rebuild', { seed }), 'I3');
  }

  /** I23: what never came is seen as a gap, and nothing else but what came as other bytes of something. */
  private gapsTold(facts: Facts): void {
    const { phones, model } = this.setting;
    const other = new Set<number>();
    for (const phone of phones)
      for (const { id, n } of this.of(phone).bodies.values())
        if (model.variants.has(id)) other.add(n);
    for (const [install, gaps] of Object.entries(facts.gaps))
      for (const [low, high] of gaps)
        for (let n = low; n <= high; n += 1)
          assert(other.has(n), 'I23', () => `${install} shows ${n} as missing`);
  }

  private isRevoked(phone: SimPhone): boolean {
    return phone.isEnded || this.setting.revoked.has(phone.opened.deps.device.id);
  }

  /** I1, I17: everything saved is there byte for byte, once. */
  private theLog(facts: Facts): void {
    const { model } = this.setting;
    const must = [...model.log.values()]
      .map(({ id, sha, state }) => `${id} ${sha} ${state}`)
      .sort();
    const here = facts.log
      .map(([id, sha, state]) => `${id} ${sha} ${state === 'quarantined' ? 'aside' : 'applied'}`)
      .sort();
    same(here, must, 'I1', 'the log');
    const others = [...model.variants].flatMap(([id, shas]) => [...shas].map((s) => `${id} ${s}`));
    const kept = facts.variants.map(([id, sha]) => `${id} ${sha}`);
    same(kept.sort(), others.sort(), 'I17', 'variants');
  }

  /** What is derived is what the writes make it. */
  derived(facts: Pick<Facts, 'feeds' | 'conflicts'>, invariant: string): void {
    const { model } = this.setting;
    const conflicts = facts.conflicts.map(([e, reg]) => `${e} ${reg}`).sort();
    same(conflicts, model.conflicts(), 'I10', 'conflicts');
    same(flat(facts.feeds), flatOf(model.feeds()), invariant, 'feeds');
  }

  private arrived(phone: SimPhone, facts: Facts): void {
    const log = new Map(facts.log.map(([id, sha]) => [id, sha]));
    const others = new Set(facts.variants.map(([id, sha]) => `${id} ${sha}`));
    for (const [id, sha] of this.of(phone).saved)
      assert(
        log.get(id) === sha || others.has(`${id} ${sha}`),
        'I1',
        () => `${id}, saved on ${phone.name}, isn't on the server`,
      );
    const whole = new Set(facts.blobs);
    for (const { sha, state } of phone.isEnded ? [] : phone.opened.blobs.heads)
      if (state === 'sent' || state === 'durable')
        assert(whole.has(sha), 'I1', () => `${sha} is told as sent, and isn't whole there`);
    const { unsent, error } = phone.client?.sync() ?? { unsent: 0, error: 'off' };
    assert(
      unsent === 0 && (!error || this.isRevoked(phone)),
      'I9',
      () => `${phone.name} has ${unsent} unsent: ${error}`,
    );
  }

  /** I6: every phone holds exactly what its person may see. */
  private converged(phone: SimPhone, facts: Facts): void {
    const { model } = this.setting;
    const person = this.setting.personOf(phone);
    const { base } = phone.opened;
    for (const feed of model.feedsOf(person)) {
      const [sum, count] = facts.heads[feed] ?? NOTHING;
      const have = base.tally(feed);
      assert(
        have.sum === sum && have.count === count,
        'I6',
        () => `${phone.name}: ${feed} differs`,
      );
    }
    const here = [...viewsOf(phone)].flatMap(([id, { live }]) => lines(id, dotsOf(live)));
    const must = [...model.sightOf(person)].flatMap(([id, seen]) => lines(id, seen));
    same(here.sort(), must.sort(), 'I6', `what ${phone.name} shows`);
  }
}

interface Said {
  results?: (Verdict & { id: string })[];
  missing?: string[];
  durable?: string[];
  states?: Record<string, Verdict>;
  feeds?: Record<string, { ch: { k: 'up' | 'leave'; e: string; ver?: string }[] }>;
}

/** Checksum and count of an empty feed. */
const NOTHING = ['0'.repeat(16), 0] as const;
/** Registers that no audience sees, or only somebody else's. */
const HIDDEN = new Set(['id_no', 'bp']);
const LATEST = new Set(['status', 'rooms_let', 'dwelling', 'bp']);
const ACKS = new Set(['stored', 'conflict', 'duplicate']);
const ASIDE = new Set(['quarantined', 'variant']);
const DURABLE = new Set(['durable']);

export function assert(holds: boolean | undefined, invariant: string, message: () => string): void {
  if (!holds) throw new Violation(invariant, message());
}

function same(here: string[], must: string[], invariant: string, what: string): void {
  if (here.join('\n') === must.join('\n')) return;
  const [mine, theirs] = [new Set(here), new Set(must)];
  const more = here.filter((line) => !theirs.has(line)).slice(0, 3);
  const less = must.filter((line) => !mine.has(line)).slice(0, 3);
  throw new Violation(
    invariant,
    `${what}: too much ${more.join(' | ')}, missing ${less.join(' | ')}`,
  );
}

const lines = (id: string, registers: Map<string, Iterable<string>>) =>
  [...registers].map(([reg, dots]) => `${id} ${reg} ${[...dots].sort().join()}`);

const flat = (feeds: Record<string, Record<string, string>>) =>
  Object.entries(feeds)
    .filter(([feed]) => !feed.startsWith('u.'))
    .flatMap(([feed, vers]) => Object.entries(vers).map(([e, ver]) => `${feed} ${e} ${ver}`))
    .sort();
const flatOf = (feeds: Map<string, Map<string, string>>) =>
  [...feeds].flatMap(([feed, vers]) => [...vers].map(([e, ver]) => `${feed} ${e} ${ver}`)).sort();

function dotsOf(live: Record<string, LiveValue[]>): Map<string, Set<string>> {
  return new Map(
    Object.entries(live).map(([reg, values]) => [reg, new Set(values.map(({ dot }) => dot))]),
  );
}

interface Item {
  sha: string;
  state: string;
  body: Submission;
}
function outboxOf(phone: SimPhone): Map<string, Item> {
  const all = phone.opened.items.all();
  return new Map(
    all.map(({ record: { id, sha, state }, submission }) => [id, { sha, state, body: submission }]),
  );
}

type Views = Map<string, { scope: string; live: Record<string, LiveValue[]> }>;

/** Every record in sight. */
function viewsOf(phone: SimPhone): Views {
  const views: Views = new Map();
  for (const scope of ['health', 'housing'] as const) {
    const registry = phone.client?.registry(scope);
    for (const type of ['client', 'pregnancy', 'dwelling', 'resident'])
      for (const { id, live } of registry?.list(type) ?? []) views.set(id, { scope, live });
  }
  return views;
}
