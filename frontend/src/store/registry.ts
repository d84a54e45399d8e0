/**
 * The registry of one scope as this phone sees it, with indexes by type and property and search as one types. Views are
 * kept across changes that don't concern them. No I/O.
 */
import type { World } from '@/forms/evaluate';
import type { Program, Registry, RegistryItem, Scope } from '@/protocol/types';
import { type Base, type Held, union } from './base';
import { byTitle } from './order';
import { overlaysOf, type Pending } from './overlay';
import { best, type Hay, hayOf, type Initials, needleOf } from './search';
import { type Overlay, type Surroundings, typesOf, View } from './view';

const LIMIT = 50;
/** Records worked out between two looks at the clock. */
const PART = 50;

export class ScopeRegistry implements Registry {
  private views = new Map<string, View>();
  private byType = new Map<string, View[]>();
  private indexes = new Map<string, Map<string, View[]>>();
  private lists = new Map<string, readonly RegistryItem[]>();
  private types = typesOf([], this.scope);
  /** Types that follow-up is about. */
  private scheduled = new Set<string>();
  private stale = true;
  /** Names the inputs. */
  private seen = '';
  /** Not prepared for search yet. */
  private cold: View[] | null = null;
  private indexedOn = '';
  private inputs: { base: Base | null; pending: readonly Pending[] } = { base: null, pending: [] };
  private readonly around: Surroundings;

  constructor(
    readonly scope: Scope,
    day: () => string,
    private readonly initials: () => Initials | null,
  ) {
    this.around = { type: (name) => this.types.get(name), world: worldOf(this, day), day };
  }

  /** Definitions changed: everything is computed again. */
  setPrograms(programs: readonly Program[]): void {
    this.types = typesOf(programs, this.scope);
    this.scheduled = new Set(programs.flatMap(({ schedule }) => schedule.map(({ type }) => type)));
    this.views = new Map();
    this.stale = true;
  }

  /** New base or new pending visits; the work is done when somebody looks. */
  update(base: Base | null, pending: readonly Pending[]): void {
    const own = pending.filter((item) => item.scope === this.scope);
    const visits = own.map(({ submission }) => `${submission.id}:${submission.ops.length}`);
    const seen = [base?.generation, ...visits].join();
    if (base === this.inputs.base && seen === this.seen) return;
    this.inputs = { base, pending: own };
    this.seen = seen;
    this.stale = true;
  }

  get(id: string): View | undefined {
    this.settle();
    return this.views.get(id);
  }

  list(type: string): readonly View[] {
    this.settle();
    return this.byType.get(type) ?? [];
  }

  find(type: string, prop: string, value: string): readonly View[] {
    this.settle();
    const key = `${type}|${prop}`;
    let index = this.indexes.get(key);
    if (!index) {
      index = indexBy(this.list(type), (view) => (prop === 'name' ? view.id : view.value(prop)));
      this.indexes.set(key, index);
    }
    return index.get(value) ?? [];
  }

  items(type: string): readonly RegistryItem[] {
    this.settle();
    const known = this.lists.get(type);
    if (known) return known;
    const list = this.list(type).map((view) => view.item);
    this.lists.set(type, list);
    return list;
  }

  /** What the page of the day asks for, a part at a time. slice: lets a touch in between. */
  async prepare(slice: () => Promise<void>): Promise<void> {
    if (this.stale) this.gather();
    await slice();
    this.settle();
    for (const [type, views] of [...this.byType]) {
      await slice();
      const { root } = this.types.get(type) ?? {};
      if (root) this.find(type, root, '');
      if (!this.scheduled.has(type)) continue;
      for (let at = 0; at < views.length; at += PART) {
        for (const view of views.slice(at, at + PART)) void view.item;
        await slice();
      }
    }
  }

  search(text: string, limit = LIMIT): readonly View[] {
    this.settle();
    const needle = needleOf(text);
    if (!needle.words.length) return [];
    const hits: { view: View; rank: number }[] = [];
    const [day, initials] = [this.around.day(), this.initials()];
    for (const view of this.searchable()) {
      const rank = best(needle, this.hay(view, day, initials));
      if (rank !== null) hits.push({ view, rank });
    }
    return (
      hits
        .sort((a, b) => a.rank - b.rank)
        .slice(0, limit)
        // Only what is shown: comparing every hit would be felt while typing.
        .sort((a, b) => a.rank - b.rank || byTitle(a.view, b.view))
        .map((hit) => hit.view)
    );
  }

  /** Prepares search for the next `count` records that aren't prepared; false when all are. */
  warm(count: number): boolean {
    this.settle();
    const [day, initials] = [this.around.day(), this.initials()];
    this.cold ??= this.searchable().filter((view) => !isWarm(view, day, initials));
    for (const view of this.cold.splice(-count)) this.hay(view, day, initials);
    return this.cold.length > 0;
  }

  private searchable(): View[] {
    return [...this.byType].flatMap(([type, views]) =>
      this.types.get(type)?.search.length ? views : [],
    );
  }

  private hay(view: View, day: string, initials: Initials | null): Hay {
    if (view.hay && isWarm(view, day, initials)) return view.hay;
    const hay = { ...hayOf(this.searched(view), initials), day };
    view.hay = hay;
    return hay;
  }

  /** The title first, then the properties the type names. */
  private searched(view: View): string[] {
    const props = this.types.get(view.type)?.search ?? [];
    return [view.title, ...props.map((prop) => view.props[prop] ?? '')].filter(Boolean);
  }

  /** Indexes hold computed properties too, so they are of one day. */
  private settle(): void {
    const day = this.around.day();
    if (this.stale) this.gather();
    if (this.indexedOn === day) return;
    this.byType = indexBy(
      [...this.views.values()].filter((view) => !view.deleted),
      (view) => view.type,
    );
    this.indexes = new Map();
    this.lists = new Map();
    this.cold = null;
    this.indexedOn = day;
  }

  private gather(): void {
    this.views = this.rebuilt();
    this.stale = false;
    this.indexedOn = '';
  }

  private rebuilt(): Map<string, View> {
    const known = new Map<string, Held>();
    const copies = new Map<string, Held[]>();
    for (const [id, held] of this.inputs.base?.entities() ?? []) {
      if (held.s !== this.scope) continue;
      const other = known.get(id);
      if (other) copies.set(id, [...(copies.get(id) ?? [other]), held]);
      else known.set(id, held);
    }
    for (const [id, all] of copies) known.set(id, union(all));
    const overlays = overlaysOf(this.inputs.pending, (id) => known.has(id));
    const views = new Map<string, View>();
    for (const [id, held] of known) views.set(id, this.viewOf(id, held, overlays.get(id)));
    for (const [id, overlay] of overlays)
      if (!known.has(id)) views.set(id, this.viewOf(id, undefined, overlay));
    return views;
  }

  /** The one there was, if nothing changed. */
  private viewOf(id: string, held: Held | undefined, overlay: Overlay | undefined): View {
    const before = this.views.get(id);
    return before && before.held === held && before.overlay?.signature === overlay?.signature
      ? before
      : new View(id, this.scope, held, overlay, this.around);
  }
}

function isWarm(view: View, day: string, initials: Initials | null): boolean {
  return view.hay?.day === day && (view.hay.initials !== '' || !initials);
}

function indexBy(views: readonly View[], key: (view: View) => string): Map<string, View[]> {
  const index = new Map<string, View[]>();
  for (const view of views) {
    const value = key(view);
    const found = index.get(value);
    if (found) found.push(view);
    else index.set(value, [view]);
  }
  return index;
}

/** Titles and computed properties ask only about their entity, the registry and the day. */
function worldOf(registry: ScopeRegistry, day: () => string): World {
  return {
    today: day,
    now: () => `${day()}T00:00:00`,
    uuid: () => '',
    random: () => 0,
    items: (list) => registry.items(list),
    find: (list, prop, value) => registry.find(list, prop, value).map((view) => view.item),
    nodes: () => [],
    stored: () => '',
    choiceName: (_node, value) => value,
  };
}
