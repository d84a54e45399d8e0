/**
 * A form being filled: takes answers, keeps everything that follows from them up to date and tells which views changed.
 * It stores nothing and draws nothing; time, chance and the registry come from its host.
 */
import type {
  Answers,
  Draft,
  FormDefinition,
  FormHost,
  FormProblem,
  FormSession,
  NodeView,
  Option,
} from '../protocol/types';
import { isWellFormed } from './check';
import { Choices } from './choices';
import { Engine } from './engine';
import { compile, type Frame, frameOf, storedText, type World } from './evaluate';
import type { JobKind } from './plan';
import { defaultMessage, render } from './text';
import { type Instance, within } from './tree';
import { toBoolean, type Value } from './values';
import { makeView, type View } from './view';

export interface SessionOptions {
  draft?: Draft;
  lang?: string;
  /** Path → answer that is known before the worker begins, e.g. the chosen client. */
  given?: Record<string, string>;
}

/** finish() was asked of a form that isn't ready. */
export class FormIncomplete extends Error {
  constructor(readonly problems: FormProblem[]) {
    super(`${problems.length} answers are missing or not accepted`);
  }
}

export function createSession(
  def: FormDefinition,
  host: FormHost,
  options: SessionOptions = {},
): FormSession {
  return new Session(def, host, options);
}

type Action = FormDefinition['actions'][number];
type Problem = Pick<FormProblem, 'kind' | 'message'>;

/** Chains of actions that set each other off end here. */
const MOST_ACTIONS = 1000;

class Session implements FormSession {
  private readonly engine: Engine;
  private readonly world: World;
  private readonly choices: Choices;
  private readonly views = new Map<Instance, View>();
  private readonly byPath = new Map<string, Instance>();
  private readonly faults = new Map<Instance, Problem>();
  private readonly listeners = new Set<(changed: ReadonlySet<string>) => void>();
  private readonly news = new Set<Instance>();
  private readonly doubts = new Set<Instance>();
  private readonly offers = new Map<Instance, string>();
  private readonly optionsOf = new Map<Instance, Option[]>();
  /** Filled from the registry at some time: what the worker was shown, whatever it was changed to. */
  private readonly shown = new Set<Instance>();
  private recalculated: Instance[] = [];
  private lang: number;
  private attempted = false;

  constructor(
    private readonly def: FormDefinition,
    private readonly host: FormHost,
    options: SessionOptions,
  ) {
    this.lang = this.langNumber(options.lang ?? def.langs[0] ?? '');
    this.choices = new Choices(def, this.lang);
    this.world = this.makeWorld();
    this.engine = new Engine(def, this.world, {
      made: (item) => this.made(item, true),
      changed: (item) => this.news.add(item),
      doubt: (item) => this.doubts.add(item),
      recalculated: (item) => this.recalculated.push(item),
      dropped: (item, range) => this.dropped(item, range),
      show: (kind, item, value) => this.show(kind, item, value),
      offer: (item) => this.offer(item),
    });
    if (options.draft) this.restore(options.draft);
    else this.begin(options.given ?? {});
    this.announce();
  }

  get tree(): NodeView {
    return this.views.get(this.engine.tree.root) as NodeView;
  }

  // ---- beginning

  private makeWorld(): World {
    const { host, choices } = this;
    const world: World = {
      today: () => host.today(),
      now: () => host.now(),
      uuid: () => host.uuid(),
      random: Math.random,
      items: (list) => choices.items(list, frameOf(world, null)) ?? host.items(list),
      find: (list, prop, value) => this.find(list, prop, value),
      nodes: (node, cur, held) => this.engine.tree.nodes(node, cur, held),
      stored: (cur) => (cur as Instance | null)?.raw ?? '',
      choiceName: (node, value) => choices.label(node, value, world),
    };
    return world;
  }

  private find(list: string, prop: string, value: string) {
    if (!this.def.lists[list] && this.host.find) return this.host.find(list, prop, value);
    return this.world.items(list).filter((item) => (item[prop] ?? '') === value);
  }

  private begin(given: Record<string, string>): void {
    const { engine } = this;
    const { root } = engine.tree;
    for (const item of [...within(root)]) this.made(item, true);
    engine.growInside(root);
    for (const action of this.actions('load')) {
      for (const item of engine.tree.all(action.set)) item.raw = this.result(action, item);
    }
    engine.markAll(() => true);
    this.settle();
    this.recalculated = [];
    for (const [path, value] of Object.entries(given)) {
      const item = this.byPath.get(path);
      if (item) this.answer(item, value, { prefilled: value !== '', touched: false });
    }
  }

  /**
   * As it was first, so that what is calculated anew (uuid) stays while nothing it depends on changed; then the
   * calculations, because the registry and the day may be others than when the draft was left.
   */
  private restore(draft: Draft): void {
    const { engine } = this;
    engine.tree.load(draft.answers);
    for (const item of within(engine.tree.root)) this.made(item, false);
    engine.markAll((job) => job.kind !== 'calc');
    this.settle();
    engine.markAll((job, target) => job.kind === 'calc' && (!job.impure || target.raw === ''));
    this.settle();
    this.recalculated = [];
    for (const path of draft.touched) this.setFlag(path, 'touched');
    for (const path of draft.prefilled ?? []) this.setFlag(path, 'prefilled');
    for (const path of draft.shown ?? []) {
      const item = this.byPath.get(path);
      if (item) this.shown.add(item);
    }
  }

  private setFlag(path: string, flag: 'touched' | 'prefilled'): void {
    const item = this.byPath.get(path);
    const view = item && this.views.get(item);
    if (!item || !view) return;
    view[flag] = true;
    this.news.add(item);
  }

  /** Give an instance its view and, if it is new to the visit, its defaults. */
  private made(item: Instance, fresh: boolean): void {
    const view = makeView(item, () => this.options(item));
    this.views.set(item, view);
    this.byPath.set(item.path, item);
    if (item.up && !item.name.startsWith('@')) this.views.get(item.up)?.children.push(view);
    this.label(item);
    this.news.add(item);
    if (item.kind !== 'leaf') return;
    if (fresh) item.raw = item.def.def ?? '';
    if (item.raw === '' && item.def.pre) item.raw = this.preload(item.def.pre);
    this.doubts.add(item);
  }

  private preload(kind: string): string {
    const { host } = this;
    const values: Record<string, () => string> = {
      uid: () => `uuid:${host.uuid()}`,
      start: () => host.now(),
      today: () => host.today(),
      deviceid: () => host.meta.deviceid,
      username: () => host.meta.username,
    };
    return values[kind]?.() ?? '';
  }

  // ---- answering

  set(path: string, value: string): void {
    const item = this.instance(path);
    if (item.kind !== 'leaf') throw new Error(`${path} takes no answer`);
    const view = this.views.get(item) as View;
    const prefilled = view.prefilled && item.raw === value;
    this.answer(item, value, { prefilled, touched: true });
    this.announce();
  }

  private answer(item: Instance, value: string, flags: Pick<View, 'prefilled' | 'touched'>): void {
    Object.assign(this.views.get(item) as View, flags);
    if (flags.prefilled) this.shown.add(item);
    this.news.add(item);
    this.doubts.add(item);
    const changed = this.engine.store(item, value);
    this.settle();
    if (changed) this.react([item]);
  }

  /** Run the actions of changed nodes, and of what those change. */
  private react(changed: Instance[]): void {
    const queue = [...changed, ...this.recalculated];
    this.recalculated = [];
    for (let i = 0; i < queue.length && i < MOST_ACTIONS; i += 1) {
      for (const target of this.runActions(queue[i] as Instance)) queue.push(target);
      queue.push(...this.recalculated);
      this.recalculated = [];
    }
  }

  /** Prefill by the `change` actions of a node; gives those that have another value now. */
  private runActions(source: Instance): Instance[] {
    const changed: Instance[] = [];
    for (const action of this.actions('change')) {
      if (action.at !== source.node) continue;
      for (const target of this.engine.tree.nodes(action.set, source, source.depth)) {
        const value = this.result(action, target);
        Object.assign(this.views.get(target) as View, { prefilled: value !== '', touched: false });
        if (value !== '') this.shown.add(target);
        this.news.add(target);
        this.doubts.add(target);
        if (this.engine.store(target, value)) changed.push(target);
        this.settle();
      }
    }
    return changed;
  }

  private actions(on: Action['on']): Action[] {
    return this.def.actions.filter((action) => action.on === on);
  }

  private result(action: Action, target: Instance): string {
    const value = this.engine.value(compile(action.x), target);
    return storedText(value, target.def.t, this.host.now());
  }

  addRepeat(path: string): string {
    const range = this.range(path);
    const added = this.engine.grow(range);
    this.engine.growInside(added);
    for (const action of this.actions('repeat')) {
      if (action.at !== range.node) continue;
      for (const item of this.engine.tree.all(action.set, added)) {
        item.raw = this.result(action, item);
      }
    }
    this.settle();
    this.react([]);
    this.announce();
    return added.path;
  }

  removeRepeat(path: string): void {
    const item = this.instance(path);
    if (item.kind !== 'instance' || !item.up) throw new Error(`${path} is no instance of a repeat`);
    const range = this.range(item.up.path);
    this.engine.drop(range, item.position());
    this.settle();
    this.react([]);
    this.announce();
  }

  private range(path: string): Instance {
    const range = this.instance(path);
    if (range.kind !== 'repeat') throw new Error(`${path} is no repeat`);
    if (range.def.fix || range.def.count)
      throw new Error(`${path} has a fixed number of instances`);
    return range;
  }

  private dropped(gone: Instance, range: Instance): void {
    for (const item of within(gone)) {
      this.byPath.delete((this.views.get(item) as View).path);
      for (const kept of [
        this.views,
        this.faults,
        this.news,
        this.doubts,
        this.offers,
        this.optionsOf,
      ]) {
        kept.delete(item);
      }
    }
    const view = this.views.get(range) as View;
    for (const item of within(range)) this.byPath.delete((this.views.get(item) as View).path);
    for (const item of within(range)) {
      const moved = this.views.get(item) as View;
      if (moved.path !== item.path) this.news.add(item);
      moved.path = item.path;
      this.byPath.set(item.path, item);
    }
    view.children = range.kids.map((item) => this.views.get(item) as View);
  }

  private settle(): void {
    this.engine.settle();
  }

  // ---- what is shown

  private show(kind: JobKind, item: Instance, value: Value): void {
    const view = this.views.get(item);
    if (!view) return;
    if (kind === 'req') view.required = toBoolean(value);
    if (kind === 'ro') this.setReadonly(item, toBoolean(value));
    if (kind === 'text') this.label(item);
    this.news.add(item);
    this.doubts.add(item);
  }

  /** A group that is read-only makes all in it so. */
  private setReadonly(item: Instance, readonly: boolean): void {
    for (const part of within(item)) {
      const own = part.def.ro && part !== item ? this.engine.value(compile(part.def.ro), part) : '';
      const view = this.views.get(part) as View;
      view.readonly = readonly || toBoolean(own);
      this.news.add(part);
    }
  }

  private label(item: Instance): void {
    const view = this.views.get(item) as View;
    const frame = this.frame(item);
    view.label = render(item.def.l, this.lang, frame);
    view.hint = render(item.def.h, this.lang, frame);
  }

  private frame(item: Instance): Frame {
    return frameOf(this.world, item);
  }

  private options(item: Instance): Option[] | undefined {
    let options = this.optionsOf.get(item);
    if (!options && item.def.items) {
      options = this.choices.options(item, this.world);
      this.optionsOf.set(item, options);
    }
    return options;
  }

  /** Values on offer at an instance; its options are made anew if they are others than before. */
  private offer(item: Instance): readonly string[] {
    const values = this.choices.values(item, this.world);
    const key = values.join('\n');
    if (this.offers.get(item) !== key) {
      this.offers.set(item, key);
      this.optionsOf.delete(item);
      this.news.add(item);
    }
    return values;
  }

  private judge(item: Instance): void {
    const fault = item.relevant ? this.faultOf(item) : null;
    if (fault) this.faults.set(item, fault);
    else this.faults.delete(item);
    this.news.add(item);
  }

  private faultOf(item: Instance): Problem | null {
    const { def, raw } = item;
    if (raw === '') {
      const asked = def.c !== undefined && def.c !== 'note';
      const required = asked && (this.views.get(item)?.required ?? false);
      return required ? this.problem('required', item, def.rmsg) : null;
    }
    if (!isWellFormed(def.t, raw)) return this.problem('type', item, undefined);
    if (!this.choices.admits(def, raw)) return this.problem('type', item, undefined);
    if (def.con && !toBoolean(this.engine.value(compile(def.con), item))) {
      return this.problem('constraint', item, def.msg);
    }
    return null;
  }

  private problem(kind: Problem['kind'], item: Instance, texts: typeof item.def.msg): Problem {
    const own = render(texts, this.lang, this.frame(item));
    return { kind, message: own || defaultMessage(kind, this.def.langs[this.lang] ?? '') };
  }

  private judgeDoubts(): void {
    for (const item of this.doubts) this.judge(item);
    this.doubts.clear();
  }

  /** Bring the views of what changed up to date and tell the listeners. */
  private announce(): void {
    this.judgeDoubts();
    const changed = new Set<string>();
    for (const item of this.news) {
      const view = this.views.get(item);
      if (!view) continue;
      view.relevant = item.relevant;
      view.value = item.raw;
      const fault = view.touched || this.attempted ? this.faults.get(item) : undefined;
      view.problem = fault?.message;
      changed.add(item.path);
    }
    this.news.clear();
    if (changed.size > 0) for (const listener of this.listeners) listener(changed);
  }

  subscribe(fn: (changed: ReadonlySet<string>) => void): () => void {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  view(path: string): NodeView {
    return this.views.get(this.instance(path)) as NodeView;
  }

  private instance(path: string): Instance {
    const item = this.byPath.get(path);
    if (!item) throw new Error(`there is no ${path} in ${this.def.id}`);
    return item;
  }

  setLang(lang: string): void {
    this.lang = this.langNumber(lang);
    this.choices.setLang(this.lang);
    this.optionsOf.clear();
    for (const item of this.views.keys()) {
      this.label(item);

      this.news.add(item);
      if (this.faults.has(item)) this.doubts.add(item);
    }
    this.announce();
  }

  private langNumber(lang: string): number {
    return Math.max(0, this.def.langs.indexOf(lang));
  }

  // ---- ending

  /** What keeps the visit from being finished, in order. Asking is trying: from now on every view shows its problem. */
  problems(): FormProblem[] {
    if (!this.attempted) {
      this.attempted = true;
      for (const item of this.faults.keys()) this.news.add(item);
    }
    this.announce();
    const found: FormProblem[] = [];
    for (const item of within(this.engine.tree.root)) {
      const fault = this.faults.get(item);
      if (fault) found.push({ path: item.path, ...fault });
    }
    return found;
  }

  snapshot(): Draft {
    const flagged = (flag: 'touched' | 'prefilled'): string[] =>
      [...this.views.values()].filter((view) => view[flag]).map((view) => view.path);
    return {
      answers: this.engine.tree.answers(() => true, true),
      touched: flagged('touched'),
      prefilled: flagged('prefilled'),
      shown: [...this.views].filter(([item]) => this.shown.has(item)).map(([, view]) => view.path),
    };
  }

  /** The answers of a visit that is ready. Throws FormIncomplete. */
  finish(): Answers {
    for (const item of within(this.engine.tree.root)) {
      if (item.def.pre === 'end') this.engine.store(item, this.host.now());
    }
    this.settle();
    const problems = this.problems();
    if (problems.length > 0) throw new FormIncomplete(problems);
    return this.engine.tree.answers((item) => item.relevant);
  }
}
