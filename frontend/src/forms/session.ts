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
import { Choices } from './choices';
import { Engine } from './engine';
import { compile, frameOf, storedText, type World } from './evaluate';
import { Faults } from './faults';
import { type Job, type JobKind, readsNodes } from './plan';
import { render } from './text';
import { type Instance, within } from './tree';
import { toBoolean, type Value } from './values';
import { makeView, type View } from './view';
import { makeWorld, preload } from './world';

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
type Flag = 'touched' | 'prefilled';

/** Chains of actions that set each other off end here. */
const MOST_ACTIONS = 1000;

class Session implements FormSession {
  private readonly engine: Engine;
  private readonly world: World;
  private readonly choices: Choices;
  private readonly faults: Faults;
  private readonly views = new Map<Instance, View>();
  private readonly byPath = new Map<string, Instance>();
  private readonly listeners = new Set<(changed: ReadonlySet<string>) => void>();
  /** Whose views have to be announced, and whose answers have to be judged again. */
  private readonly news = new Set<Instance>();
  private readonly doubts = new Set<Instance>();
  /** Values last offered by filtered lists, and the options made of any list. */
  private readonly offers = new Map<Instance, string>();
  private readonly optionsOf = new Map<Instance, Option[]>();
  /** Filled from the registry at some time: what the worker was shown, whatever it was changed to. */
  private readonly shown = new Set<Instance>();
  /** Changed, and their `change` actions not run yet. */
  private readonly waiting = new Set<Instance>();
  private lang: number;
  private attempted = false;
  private correcting = false;

  constructor(
    private readonly def: FormDefinition,
    private readonly host: FormHost,
    options: SessionOptions,
  ) {
    this.lang = this.langNumber(options.lang ?? def.langs[0] ?? '');
    this.choices = new Choices(def, this.lang);
    this.world = makeWorld(def, host, this.choices, () => this.engine.tree);
    this.faults = new Faults(def, this.world, this.choices, this.lang);
    this.engine = new Engine(def, this.world, {
      made: (item) => this.made(item, true),
      grown: (instance) => this.runRepeatActions(instance),
      changed: (item) => this.news.add(item),
      doubt: (item) => this.doubts.add(item),
      recalculated: (item) => this.waiting.add(item),
      dropped: (item, range) => this.dropped(item, range),
      arranged: (range) => this.arrange(range),
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

  private begin(given: Record<string, string>): void {
    const { engine } = this;
    const { root } = engine.tree;
    for (const item of [...within(root)]) this.made(item, true);
    engine.growInside(root, false, false);
    const first = [...this.actions('load'), ...this.actions('open')];
    if (first.some(({ x, set }) => readsNodes(this.def, x, set))) this.lookAhead();
    for (const action of first) {
      for (const item of engine.tree.all(action.set)) item.raw = this.result(action, item);
    }
    engine.markAll(() => true);
    engine.settle();
    this.waiting.clear();
    for (const [path, value] of Object.entries(given)) {
      const item = this.byPath.get(path);
      if (item) this.answer(item, value, { prefilled: value !== '', touched: false });
    }
  }

  /** First actions see which answers count and what is calculated; what is made only once is then made again. */
  private lookAhead(): void {
    const { engine } = this;
    engine.markAll((job) => job.kind !== 'items');
    engine.settle();
    for (const job of engine.plan.jobs.filter(({ kind, impure }) => kind === 'calc' && impure)) {
      for (const item of engine.tree.all(job.node)) item.raw = item.def.def ?? '';
    }
  }

  /**
   * As it was first, so that what is calculated anew (uuid) stays while nothing it depends on changed; then the
   * calculations, because the registry and the day may be others than when the draft was left. A correction keeps what
   * the visit found in the registry (by now the registry holds what the visit itself wrote) and what it made of secrets.
   */
  private restore(draft: Draft): void {
    const { engine } = this;
    engine.tree.load(draft.answers);
    for (const item of within(engine.tree.root)) this.made(item, false);
    // Before anything is put aside again.
    for (const path of draft.touched) this.setFlag(path, 'touched');
    for (const path of draft.kept ?? []) this.setFlag(path, 'kept');
    for (const path of draft.prefilled ?? []) this.setFlag(path, 'prefilled');
    for (const path of draft.shown ?? []) {
      const item = this.byPath.get(path);
      if (item) this.shown.add(item);
    }
    engine.markAll((job) => job.kind !== 'calc');
    engine.settle();
    this.correcting = draft.correcting === true;
    const kept = (draft.kept ?? []).flatMap((path) => this.byPath.get(path)?.node ?? []);
    const asSent = (job: Job): boolean => job.looksUp || kept.some((node) => job.reads.has(node));
    const stays = (job: Job, target: Instance): boolean =>
      job.impure ? target.raw !== '' : this.correcting && asSent(job) && target.relevant;
    engine.markAll((job, target) => job.kind === 'calc' && !stays(job, target));
    if (!this.correcting) this.runOpenActions();
    engine.settle();
    this.waiting.clear();
  }

  private runOpenActions(): void {
    for (const action of this.actions('open')) {
      for (const item of this.engine.tree.all(action.set)) {
        this.engine.store(item, this.result(action, item));
      }
    }
  }

  private setFlag(path: string, flag: Flag | 'kept'): void {
    const item = this.byPath.get(path);
    if (!item) return;
    this.viewOf(item)[flag] = true;
    this.doubts.add(item);
    this.news.add(item);
  }

  /** Give an instance its view and, if it is new to the visit, its defaults. */
  private made(item: Instance, fresh: boolean): void {
    const view = makeView(item, () => this.options(item));
    this.views.set(item, view);
    this.byPath.set(item.path, item);
    if (item.up) view.readonly = this.viewOf(item.up).readonly;
    if (item.up && !item.name.startsWith('@')) this.viewOf(item.up).children.push(view);
    this.label(item);
    this.news.add(item);
    if (item.kind !== 'leaf') return;
    if (fresh) item.raw = item.def.def ?? '';
    if (item.raw === '' && item.def.pre) item.raw = preload(item.def.pre, this.host);
    this.doubts.add(item);
  }

  // ---- answering

  set(path: string, value: string): void {
    const item = this.instance(path);
    if (item.kind !== 'leaf') throw new Error(`${path} takes no answer`);
    const prefilled = this.viewOf(item).prefilled && item.raw === value;
    this.answer(item, value, { prefilled, touched: true });
    this.announce();
  }

  private answer(item: Instance, value: string, flags: Pick<View, Flag>): void {
    if (this.place(item, value, flags)) this.waiting.add(item);
    this.engine.settle();
    this.react();
  }

  /** Store a value with what is to be told about it; tells whether it is another one. */
  private place(item: Instance, value: string, flags: Pick<View, Flag>): boolean {
    Object.assign(this.viewOf(item), flags);
    if (flags.prefilled) this.shown.add(item);
    this.news.add(item);
    this.doubts.add(item);
    return this.engine.store(item, value);
  }

  /**
   * Run the actions of what changed, and of what that changes. A node that isn't asked yet (a dwelling given before it
   * is known whether anybody is home) prefills when it is.
   */
  private react(): void {
    for (let i = 0; i < MOST_ACTIONS; i += 1) {
      const ready = [...this.waiting].find((item) => item.relevant && item.counts);
      if (!ready) return;
      this.waiting.delete(ready);
      this.runChangeActions(ready);
    }
  }

  /** Prefill by the `change` actions of a node. */
  private runChangeActions(source: Instance): void {
    for (const action of this.actions('change')) {
      if (action.at !== source.node) continue;
      for (const target of this.engine.tree.nodes(action.set, source, source.depth)) {
        const value = this.result(action, target);
        const changed = this.place(target, value, { prefilled: value !== '', touched: false });
        if (changed) this.waiting.add(target);
        this.engine.settle();
      }
    }
  }

  private runRepeatActions(instance: Instance): void {
    for (const action of this.actions('repeat')) {
      if (action.at !== instance.node) continue;
      for (const item of this.engine.tree.all(action.set, instance)) {
        item.raw = this.result(action, item);
      }
    }
  }

  private actions(on: Action['on']): Action[] {
    return this.def.actions.filter((action) => action.on === on);
  }

  private result(action: Action, target: Instance): string {
    const value = this.engine.value(compile(action.x), target);
    return storedText(value, target.def.t, this.host.now());
  }

  addRepeat(path: string): string {
    const added = this.engine.grow(this.range(path));
    this.engine.settle();
    this.react();
    this.announce();
    return added.path;
  }

  removeRepeat(path: string): void {
    const item = this.instance(path);
    if (item.kind !== 'instance' || !item.up) throw new Error(`${path} is no instance of a repeat`);
    this.engine.drop(this.range(item.up.path), item.position());
    this.engine.settle();
    this.react();
    this.announce();
  }

  private range(path: string): Instance {
    const range = this.instance(path);
    if (range.kind !== 'repeat') throw new Error(`${path} is no repeat`);
    const fixed = range.def.fix || range.def.count;
    if (fixed) throw new Error(`${path} has a fixed number of instances`);
    return range;
  }

  private dropped(gone: Instance, range: Instance): void {
    const { views, news, doubts, offers, optionsOf, shown, waiting } = this;
    for (const item of within(gone)) {
      this.byPath.delete(this.viewOf(item).path);
      this.faults.forget(item);
      for (const kept of [views, news, doubts, offers, optionsOf, shown, waiting])
        kept.delete(item);
    }
    for (const item of within(range)) this.byPath.delete(this.viewOf(item).path);
    for (const item of within(range)) {
      const moved = this.viewOf(item);
      if (moved.path !== item.path) news.add(item);
      moved.path = item.path;
      this.byPath.set(item.path, item);
    }
    this.arrange(range);
  }

  private arrange(range: Instance): void {
    this.viewOf(range).children = range.asked.map((item) => this.viewOf(item));
  }

  // ---- what is shown

  private viewOf(item: Instance): View {
    return this.views.get(item) as View;
  }

  private show(kind: JobKind, item: Instance, value: Value): void {
    // An instance may have gone since its job was marked.
    if (!this.views.has(item)) return;
    if (kind === 'req') this.change(item, 'required', toBoolean(value));
    if (kind === 'ro') this.setReadonly(item, toBoolean(value));
    if (kind === 'text')
      for (const one of [item, ...(item.kind === 'repeat' ? item.kids : [])]) this.label(one);
    this.doubts.add(item);
  }

  private change<K extends 'required' | 'readonly' | 'label' | 'hint' | 'guidance' | 'problem'>(
    item: Instance,
    key: K,
    value: View[K],
  ): void {
    const view = this.viewOf(item);
    if (view[key] === value) return;
    view[key] = value;
    this.news.add(item);
  }

  /** A group that is read-only makes all in it so. */
  private setReadonly(item: Instance, readonly: boolean): void {
    const above = item.up !== null && this.viewOf(item.up).readonly;
    this.change(item, 'readonly', readonly || above);
    for (const kid of item.kids) {
      const { ro } = kid.def;
      this.setReadonly(kid, ro ? toBoolean(this.engine.value(compile(ro), kid)) : false);
    }
  }

  private label(item: Instance): void {
    const frame = frameOf(this.world, item);
    this.change(item, 'label', render(item.def.l, this.lang, frame));
    this.change(item, 'hint', render(item.def.h, this.lang, frame));
    if (item.def.g) this.change(item, 'guidance', render(item.def.g, this.lang, frame));
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
    // The words of choices that are answers themselves may change though their values stay.
    if (this.offers.get(item) !== key || item.def.items?.from || this.choices.speak(item)) {
      this.offers.set(item, key);
      this.optionsOf.delete(item);
      this.news.add(item);
    }
    return values;
  }

  /** Judge what is in doubt. What is wrong shows once the question was answered or finishing was tried. */
  private judge(): void {
    for (const item of this.doubts) {
      const view = this.viewOf(item);
      this.faults.judge(item, view.required && !view.kept);
      const told = view.touched || this.attempted;
      this.change(item, 'problem', told ? this.faults.of(item)?.message : undefined);
    }
    this.doubts.clear();
  }

  /** Bring the views of what changed up to date and tell the listeners. */
  private announce(): void {
    this.judge();
    const changed = new Set<string>();
    for (const item of this.news) {
      const view = this.viewOf(item);
      view.relevant = item.relevant;
      view.value = item.raw;
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
    return this.viewOf(this.instance(path));
  }

  private instance(path: string): Instance {
    const item = this.byPath.get(path);
    if (!item) throw new Error(`there is no ${path} in ${this.def.id}`);
    return item;
  }

  setLang(lang: string): void {
    this.lang = this.langNumber(lang);
    this.choices.setLang(this.lang);
    this.faults.setLang(this.lang);
    this.optionsOf.clear();
    for (const item of this.views.keys()) {
      this.label(item);
      if (item.def.items) this.news.add(item);
    }
    for (const item of this.faults.all()) this.doubts.add(item);
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
      for (const item of this.faults.all()) this.doubts.add(item);
    }
    this.announce();
    const found: FormProblem[] = [];
    for (const item of within(this.engine.tree.root)) {
      const fault = this.faults.of(item);
      if (fault && item.counts) found.push({ path: item.path, ...fault });
    }
    return found;
  }

  snapshot(): Draft {
    const pathsWhere = (holds: (item: Instance, view: View) => boolean): string[] =>
      [...within(this.engine.tree.root)]
        .filter((item) => holds(item, this.viewOf(item)))
        .map((item) => item.path);
    return {
      answers: this.engine.tree.answers(() => true, true),
      touched: pathsWhere((_, view) => view.touched),
      prefilled: pathsWhere((_, view) => view.prefilled),
      shown: pathsWhere((item) => this.shown.has(item)),
      ...(this.correcting ? { correcting: true, kept: pathsWhere((_, view) => view.kept) } : {}),
    };
  }

  /** The answers of a visit that is ready. Throws FormIncomplete. */
  finish(): Answers {
    for (const item of within(this.engine.tree.root)) {
      if (item.def.pre === 'end') this.engine.store(item, this.host.now());
    }
    this.engine.settle();
    const problems = this.problems();
    if (problems.length > 0) throw new FormIncomplete(problems);
    return this.engine.tree.answers((item) => item.relevant && !item.aside);
  }
}
