/**
 * Recalculation: what changed, which jobs of the plan that concerns, and carrying them out in order until all is
 * settled. It changes values and relevance; what is shown is left to the session, which it tells what to look at.
 */
import type { FormDefinition, RegistryItem } from '../protocol/types';
import { type Code, compile, type Frame, frameOf, storedText, type World } from './evaluate';
import { compileFilter } from './paths';
import { type Job, type JobKind, type Plan, planOf } from './plan';
import { type Instance, Tree, within } from './tree';
import { toBoolean, toNumber, type Value } from './values';

const MOST_REPEATS = 1000;
/** Forms without circles settle in one pass; a circle stops here. */
const MOST_PASSES = 16;

export interface Hooks {
  /** A new instance stands in the tree: defaults, views. */
  made(item: Instance): void;
  /** A repeat has a new instance, not yet calculated. */
  grown(instance: Instance): void;
  /** Its view says something else now. */
  changed(item: Instance): void;
  /** Its value, relevance or rules changed: is it still right? */
  doubt(item: Instance): void;
  /** A calculation gave another value. */
  recalculated(item: Instance): void;
  /** A repeat lost this instance. */
  dropped(item: Instance, range: Instance): void;
  /** Other instances of a repeat count now. */
  arranged(range: Instance): void;
  show(kind: JobKind, item: Instance, value: Value): void;
  /** Values of the choices that a list offers at an instance. */
  offer(item: Instance): readonly string[];
}

export class Engine {
  readonly plan: Plan;
  readonly tree: Tree;
  private readonly dirty: (Set<Instance> | undefined)[];
  private low: number;

  constructor(
    def: FormDefinition,
    private readonly world: World,
    private readonly hooks: Hooks,
  ) {
    this.plan = planOf(def);
    this.tree = new Tree(def);
    this.dirty = new Array(this.plan.jobs.length);
    this.low = this.plan.jobs.length;
  }

  value(code: Code, item: Instance): Value {
    return code(frameOf(this.world, item));
  }

  // ---- what changed

  /** Other nodes see another value here. */
  notify(item: Instance): void {
    for (const job of this.plan.readers[item.node] ?? []) {
      for (const target of this.targets(job, item)) this.mark(job, target);
    }
  }

  /** A blank that comes or goes is the same blank to those who see just it; those who count see another number. */
  private notifyRelevance(item: Instance): void {
    if (item.kind !== 'leaf' || item.raw !== '') {
      this.notify(item);
      return;
    }
    const repeats = this.plan.shape.repeats[item.node] as readonly number[];
    for (const job of this.plan.readers[item.node] ?? []) {
      const around = this.plan.shape.repeats[job.node] as readonly number[];
      if (!job.broad && repeats.every((repeat) => around.includes(repeat))) continue;
      for (const target of this.targets(job, item)) this.mark(job, target);
    }
  }

  /** A repeat gained or lost an instance. */
  private notifyStructure(range: Instance): void {
    this.hooks.changed(range);
    // A repeat's own rule is asked of each instance, and may ask for its place.
    const own = this.plan.byNode[range.node]?.find((job) => job.kind === 'rel');
    if (own) this.mark(own, range);
    for (const job of this.plan.structureReaders.get(range.node) ?? []) {
      for (const target of this.holders(job.node, this.tree.root)) this.mark(job, target);
    }
  }

  mark(job: Job, target: Instance): void {
    let targets = this.dirty[job.rank];
    if (!targets) {
      targets = new Set();
      this.dirty[job.rank] = targets;
    }
    targets.add(target);
    if (job.rank < this.low) this.low = job.rank;
  }

  /** Mark the jobs at every instance that already stands in the tree. */
  markAll(wanted: (job: Job, target: Instance) => boolean): void {
    for (const job of this.plan.jobs) {
      for (const target of this.holders(job.node, this.tree.root)) {
        if (wanted(job, target)) this.mark(job, target);
      }
    }
  }

  /** Instances of the job's node to which a change at `item` may matter. */
  private targets(job: Job, item: Instance): readonly Instance[] {
    if (job.broad) return this.holders(job.node, this.tree.root);
    const repeats = this.plan.shape.repeats[job.node] as readonly number[];
    let scope = item.scope;
    while (scope.depth > 0 && repeats[scope.depth - 1] !== scope.node) {
      scope = (scope.up as Instance).scope;
    }
    return this.holders(job.node, scope);
  }

  /** Where a node's jobs are carried out: its instances; of a repeat, its ranges. */
  private holders(node: number, scope: Instance): readonly Instance[] {
    const items = this.tree.ranges(node, scope);
    return items ?? this.tree.all(node, scope);
  }

  // ---- carrying out

  /** Carry out what is marked, and what that marks in turn. */
  settle(): void {
    for (let pass = 0; this.low < this.dirty.length && pass < MOST_PASSES; pass += 1) {
      const start = this.low;
      this.low = this.dirty.length;
      for (let rank = start; rank < this.dirty.length; rank += 1) this.runRank(rank);
    }
    this.dirty.fill(undefined);
    this.low = this.dirty.length;
  }

  private runRank(rank: number): void {
    const targets = this.dirty[rank];
    if (!targets) return;
    this.dirty[rank] = undefined;
    for (const target of targets) this.run(this.plan.jobs[rank] as Job, target);
  }

  private run(job: Job, target: Instance): void {
    const { code } = job;
    if (job.kind === 'items') this.admit(target);
    else if (!code) this.hooks.show(job.kind, target, '');
    else if (job.kind === 'count') this.resize(target, toNumber(this.value(code, target)));
    else if (job.kind === 'rel') this.judge(target, code);
    else if (job.kind === 'calc') this.calculate(target, code);
    else this.hooks.show(job.kind, target, this.value(code, target));
  }

  private judge(target: Instance, code: Code): void {
    target.own = toBoolean(this.value(code, target));
    this.refresh(target);
    if (target.kind !== 'repeat') return;
    for (const item of target.kids) {
      item.own = toBoolean(this.value(code, item));
      this.refresh(item);
    }
  }

  /** Bring relevance in line with its own rule and that of its container. */
  private refresh(item: Instance): void {
    const relevant = item.own && (item.up?.relevant ?? true);
    if (relevant === item.relevant) return;
    item.relevant = relevant;
    this.hooks.changed(item);
    this.notifyRelevance(item);
    if (item.kind === 'leaf') {
      this.hooks.doubt(item);
      if (relevant) this.recheckChoice(item);
    }
    for (const kid of item.kids) this.refresh(kid);
  }

  private calculate(target: Instance, code: Code): void {
    const text = storedText(this.value(code, target), target.def.t, this.world.now());
    if (this.store(target, text)) this.hooks.recalculated(target);
  }

  /** Keep a value; tells whether it is another one. */
  store(item: Instance, text: string): boolean {
    item.chosen = '';
    if (item.raw === text) return false;
    item.raw = text;
    this.hooks.changed(item);
    this.hooks.doubt(item);
    if (item.relevant) this.notify(item);
    if (text !== '') this.recheckChoice(item);
    return true;
  }

  private recheckChoice(item: Instance): void {
    const filter = this.plan.byNode[item.node]?.find((job) => job.kind === 'items');
    if (filter) this.mark(filter, item);
  }

  /** Take back choices that are no longer on offer, until they are again. */
  private admit(target: Instance): void {
    if (!target.relevant) return;
    const offered = new Set(this.hooks.offer(target));
    const chosen = target.chosen || target.raw;
    if (chosen === '') return;
    const kept = isMultiple(target)
      ? chosen.split(' ').filter((code) => code !== '' && offered.has(code))
      : [chosen].filter((code) => offered.has(code));
    // Whoever orders orders all there is (ODK XForms, odk:rank).
    const rest =
      target.def.c === 'rank' && kept.length > 0
        ? [...offered].filter((code) => !kept.includes(code))
        : [];
    const text = [...kept, ...rest].join(' ');
    this.store(target, text);
    if (text !== chosen) target.chosen = chosen;
  }

  // ---- repeats

  /**
   * What is too many is put aside if anything in it was answered: a count is corrected key by key, by way of blank and
   * of smaller numbers. Instances that stand in the form from the beginning come back as they are written there.
   */
  private resize(range: Instance, wanted: number): void {
    const size = Number.isNaN(wanted) ? 0 : Math.max(0, Math.min(MOST_REPEATS, Math.trunc(wanted)));
    for (let last = range.kids.length - 1; last >= size; last -= 1) {
      if (isAnswered(range.kids[last] as Instance)) break;
      this.drop(range, last);
    }
    const moved = range.kids.filter((item, at) => item.aside !== at >= size);
    for (const item of moved) item.aside = !item.aside;
    if (moved.length > 0) {
      this.hooks.arranged(range);
      this.notifyStructure(range);
    }
    while (range.kids.length < size) {
      this.grow(range, range.scope.fresh || range.kids.length >= (range.def.begin?.length ?? 1));
    }
  }

  /**
   * Append an instance, with those of the repeats inside it; all its jobs are marked. fresh: made of the template, not
   * one that stands in the form; told: an event, which the instances a new visit begins with are not.
   */
  grow(range: Instance, fresh = true, told = true): Instance {
    const added = this.tree.grow(range);
    added.fresh = fresh;
    for (const item of within(added)) {
      this.hooks.made(item);
      if (item.kind === 'instance') continue;
      for (const job of this.plan.byNode[item.node] ?? []) this.mark(job, item);
    }
    if (told) this.hooks.grown(added);
    this.notifyStructure(range);
    this.growInside(added, fresh, told);
    return added;
  }

  /** Give every repeat the instances it begins with: as the form is written, or as its template is in a fresh instance. */
  growInside(top: Instance, fresh: boolean, told: boolean): void {
    for (const kid of [...top.kids]) {
      if (kid.kind === 'group') this.growInside(kid, fresh, told);
      if (kid.kind !== 'repeat') continue;
      const begin = fresh ? Array(kid.def.inner ?? 0).fill({}) : (kid.def.begin ?? [{}]);
      for (const written of begin) fillIn(this.grow(kid, fresh, told), written);
    }
  }

  drop(range: Instance, position: number): void {
    const gone = this.tree.drop(range, position);
    if (!gone) return;
    this.hooks.dropped(gone, range);
    for (const targets of this.dirty) {
      for (const target of targets ?? []) if (isWithin(target, gone)) targets?.delete(target);
    }
    this.notifyStructure(range);
  }
}

/** Does it hold what a new one wouldn't? */
function isAnswered(instance: Instance): boolean {
  return [...within(instance)].some(
    ({ def, raw }) => def.c !== undefined && !def.calc && raw !== (def.def ?? ''),
  );
}

function fillIn(added: Instance, written: Record<string, string>): void {
  for (const item of within(added)) {
    const text = written[item.path.slice(added.path.length + 1)];
    if (item.kind === 'leaf' && text !== undefined) item.raw = text;
  }
}

function isWithin(item: Instance, top: Instance): boolean {
  for (let at: Instance | null = item; at; at = at.up) if (at === top) return true;
  return false;
}

export const isMultiple = (item: Instance): boolean =>
  item.def.c === 'select' ||
  item.def.c === 'rank' ||
  (item.def.t === 'select' && item.def.c !== 'select1');

const filters = new WeakMap<object, (frame: Frame) => RegistryItem[]>();

/** The items a node's choice filter lets through. */
export function offered(item: Instance, list: string, world: World): readonly RegistryItem[] {
  const source = item.def.items;
  if (!source?.where) return world.items(list, item);
  let filter = filters.get(source);
  if (!filter) {
    filter = compileFilter(list, source.where, compile);
    filters.set(source, filter);
  }
  return filter(frameOf(world, item));
}
