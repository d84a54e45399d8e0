/**
 * One entity as this phone sees it: the base copy with the phone's own pending writes over it. Everything beyond the
 * registers is worked out when first asked for, because most of 5,000 records are never looked at. No I/O.
 */
import { compile, frameOf, type World } from '@/forms/evaluate';
import { ItemNode } from '@/forms/paths';
import { toText } from '@/forms/values';
import { ALIVE, type MergeKind, merge, type Register } from '@/protocol/merge';
import type {
  EntityView,
  LiveValue,
  Program,
  RegistryItem,
  Scope,
  TypeDef,
} from '@/protocol/types';
import { type Held, liveIn } from './base';

/** Pending writes to one register, and the dots that pending writes replace. */
export interface Overlay {
  type: string;
  /** Areas of an entity that the server doesn't know yet. */
  areas: string[];
  writes: Record<string, LiveValue[]>;
  superseded: ReadonlySet<string>;
  /** Names the items it is made of: the same signature is the same overlay. */
  signature: string;
}

/** What a view needs from around it. */
export interface Surroundings {
  type(name: string): TypeDef | undefined;
  world: World;
  /** Local date; what was computed yesterday is computed again. */
  day(): string;
}

/** The kind of a register: a property's own, a merge group's, or the strict one. */
export function kindOf(type: TypeDef | undefined, register: string): MergeKind {
  if (register === ALIVE) return 'alive';
  const own = type?.props[register];
  if (own) return own.kind;
  return Object.values(type?.props ?? {}).find((prop) => prop.group === register)?.kind ?? 'one';
}

/** Type definitions of a scope by list name. */
export function typesOf(programs: readonly Program[], scope: Scope): Map<string, TypeDef> {
  const own = programs.filter((program) => program.scope === scope);
  return new Map(own.flatMap((program) => Object.entries(program.types)));
}

const NOTHING: ReadonlySet<string> = new Set();

export class View implements EntityView {
  readonly type: string;
  readonly areas: string[];
  readonly pending: boolean;
  private readonly merged = new Map<string, Register<LiveValue>>();
  private built: { day: string; item: RegistryItem; props: Record<string, string> } | null = null;
  /** What search looks at, kept by the registry. */
  hay: { text: string; initials: string; day: string } | null = null;

  constructor(
    readonly id: string,
    readonly scope: Scope | 'core',
    readonly held: Held | undefined,
    readonly overlay: Overlay | undefined,
    private readonly around: Surroundings,
  ) {
    this.type = held?.t ?? overlay?.type ?? '';
    this.areas = held?.a ?? overlay?.areas ?? [];
    this.pending = overlay !== undefined;
  }

  get live(): Record<string, LiveValue[]> {
    const live: Record<string, LiveValue[]> = {};
    for (const [register, { live: values }] of this.registers()) live[register] = values;
    return live;
  }

  get conflicts(): string[] {
    return this.registers()
      .filter(([, r]) => r.conflict)
      .map(([register]) => register);
  }

  get title(): string {
    return this.item.label;
  }

  get props(): Record<string, string> {
    return this.build().props;
  }

  /** As `instance('type')/root/item`: name, label, every property, and `prop/@on` `prop/@by`. */
  get item(): RegistryItem {
    return this.build().item;
  }

  get deleted(): boolean {
    const isSaid = this.held?.f[ALIVE] || this.overlay;
    return isSaid !== undefined && this.register(ALIVE).shown === 'false';
  }

  /** One property as in `item`; for one that is stored, no more is worked out than that. */
  value(prop: string): string {
    const type = this.around.type(this.type);
    const stored = type?.computed[prop] ? undefined : type?.props[prop];
    if (!stored) return this.item[prop] ?? '';
    const { shown } = this.register(stored.group ?? prop);
    return (typeof shown === 'string' ? shown : shown?.[prop]) ?? '';
  }

  private register(name: string): Register<LiveValue> {
    let register = this.merged.get(name);
    if (!register) {
      const { held, overlay } = this;
      const known = held ? liveIn(held, name) : [];
      const writes = overlay ? [...known, ...(overlay.writes[name] ?? [])] : known;
      const kind = kindOf(this.around.type(this.type), name);
      register = merge(kind, writes, overlay?.superseded ?? NOTHING);
      this.merged.set(name, register);
    }
    return register;
  }

  /** Those that hold something. */
  private registers(): [name: string, Register<LiveValue>][] {
    const names = new Set([
      ...Object.keys(this.held?.f ?? {}),
      ...Object.keys(this.overlay?.writes ?? {}),
    ]);
    return [...names]
      .map((name): [string, Register<LiveValue>] => [name, this.register(name)])
      .filter(([, { live }]) => live.length > 0);
  }

  private build() {
    const day = this.around.day();
    if (this.built?.day === day) return this.built;
    const item: RegistryItem = { name: this.id, label: '' };
    const props: Record<string, string> = {};
    // Known before it is complete: an expression that looks through the whole list meets this entity too.
    const built = { day, item, props };
    this.built = built;
    for (const [name, register] of this.registers()) this.flatten(name, register, item, props);
    const type = this.around.type(this.type);
    const evaluate = (expr: TypeDef['title']) =>
      toText(compile(expr)(frameOf(this.around.world, new ItemNode(item))));
    for (const name of Object.keys(type?.computed ?? {})) {
      const expr = type?.computed[name];
      if (expr) item[name] = props[name] = evaluate(expr);
    }
    if (type) item.label = evaluate(type.title);
    return built;
  }

  private flatten(
    name: string,
    { shown, live }: Register<LiveValue>,
    item: RegistryItem,
    props: Record<string, string>,
  ): void {
    const first = live[0];
    if (shown === null || !first) return;
    const members = typeof shown === 'string' ? { [name]: shown } : shown;
    for (const prop of Object.keys(members)) {
      item[prop] = props[prop] = members[prop] ?? '';
      item[`${prop}/@on`] = first.on;
      item[`${prop}/@by`] = first.by;
    }
  }
}
