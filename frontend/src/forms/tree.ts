/**
 * A form's nodes as instances: what repeats unroll to, who contains whom, what is stored where. It decides nothing;
 * session.ts does, and protocol/derive.ts reads finished answers through it.
 */
import type { Answers, AnswerValue, FormDefinition, FormNode } from '../protocol/types';
import type { NodeSet, XNode } from './values';

/** What a definition says about containment, worked out once. */
export interface Shape {
  nodes: readonly FormNode[];
  /** Numbers of the children, attributes included, in order. */
  kids: readonly (readonly number[])[];
  /** Numbers of the repeats at and above each node, outermost first. */
  repeats: readonly (readonly number[])[];
}

const shapes = new WeakMap<FormDefinition, Shape>();

export function shapeOf(def: FormDefinition): Shape {
  let shape = shapes.get(def);
  if (!shape) {
    const kids: number[][] = def.nodes.map(() => []);
    const repeats: number[][] = [];
    def.nodes.forEach((node, i) => {
      kids[node.p]?.push(i);
      const above = repeats[node.p] ?? [];
      repeats.push(node.k === 'repeat' ? [...above, i] : above);
    });
    shape = { nodes: def.nodes, kids, repeats };
    shapes.set(def, shape);
  }
  return shape;
}

export type InstanceKind = 'group' | 'repeat' | 'instance' | 'leaf';

/** One instance of a node. A repeat is a range (`repeat`) whose kids are its instances (`instance`). */
export class Instance implements XNode {
  readonly name: string;
  readonly kids: Instance[] = [];
  /** The nearest repeat instance, or the root: itself, if it is one. */
  readonly scope: Instance;
  /** How many repeat instances contain (or are) this one. */
  readonly depth: number;
  /** By node number, what a scope contains without entering another repeat. */
  readonly at: Map<number, Instance> | null;
  readonly asSet: readonly [Instance];
  raw = '';
  /** Of a repeat instance: made of the template, not one that stands in the form. */
  fresh = false;
  /** Of a repeat instance: one more than the count asks for. It goes on as it is, but nobody else sees it. */
  aside = false;
  /** What was chosen, while the filter doesn't admit all of it; then `raw` is what it admits. */
  chosen = '';
  /** Its own `relevant` expression, and the same together with all its containers. */
  own = true;
  relevant = true;
  path: string;

  constructor(
    readonly node: number,
    readonly def: FormNode,
    readonly kind: InstanceKind,
    readonly up: Instance | null,
    path: string,
  ) {
    this.name = def.n;
    this.path = path;
    this.asSet = [this];
    const opensScope = kind === 'instance' || up === null;
    this.scope = opensScope ? this : up.scope;
    this.at = opensScope ? new Map() : null;
    this.depth = (up?.depth ?? 0) + (kind === 'instance' ? 1 : 0);
    if (up) this.relevant = up.relevant;
  }

  text(): string {
    if (this.kind === 'leaf') return this.relevant ? this.raw : '';
    return this.children()
      .map((node) => node.text())
      .join('');
  }

  parent(): Instance | null {
    return this.kind === 'instance' ? (this.up as Instance).up : this.up;
  }

  /** Of a repeat: the instances that count. */
  get asked(): readonly Instance[] {
    return this.kids.filter((kid) => !kid.aside);
  }

  /** Neither it nor anything around it is put aside. */
  get counts(): boolean {
    for (let { scope } = this; scope.up; scope = scope.up.scope) if (scope.aside) return false;
    return true;
  }

  children(): readonly Instance[] {
    return this.kids
      .flatMap((kid) => (kid.kind === 'repeat' ? kid.asked : kid.asSet))
      .filter((kid) => !kid.name.startsWith('@'));
  }

  child(name: string): readonly Instance[] {
    return this.children().filter((kid) => kid.name === name);
  }

  attribute(name: string): readonly Instance[] {
    return this.kids.filter(
      (kid) => kid.name === `@${name}` || (name === '*' && kid.name[0] === '@'),
    );
  }

  /** Position among the instances of its repeat, from 0. */
  position(): number {
    return this.up ? this.up.kids.indexOf(this) : 0;
  }
}

export function joinPath(above: string, name: string): string {
  return above === '' ? name : `${above}/${name}`;
}

/** This instance and all below it, containers first. */
export function* within(top: Instance): Generator<Instance> {
  yield top;
  for (const kid of top.kids) yield* within(kid);
}

export class Tree {
  readonly shape: Shape;
  readonly root: Instance;

  /** A tree with no repeat instances yet; `grow` adds them. */
  constructor(def: FormDefinition) {
    this.shape = shapeOf(def);
    this.root = new Instance(0, def.nodes[0] as FormNode, 'group', null, '');
    this.root.scope.at?.set(0, this.root);
    this.fill(this.root);
  }

  private fill(container: Instance): void {
    for (const number of this.shape.kids[container.node] as number[]) {
      const node = this.shape.nodes[number] as FormNode;
      const kid = new Instance(number, node, node.k, container, joinPath(container.path, node.n));
      container.kids.push(kid);
      kid.scope.at?.set(number, kid);
      if (node.k === 'group') this.fill(kid);
    }
  }

  /** Append an instance to a repeat. */
  grow(range: Instance): Instance {
    const path = `${range.path}[${range.kids.length}]`;
    const added = new Instance(range.node, range.def, 'instance', range, path);
    range.kids.push(added);
    this.fill(added);
    return added;
  }

  /** Take an instance out; those after it move up and get new paths. */
  drop(range: Instance, position: number): Instance | undefined {
    const [gone] = range.kids.splice(position, 1);
    for (const moved of range.kids.slice(position)) this.rename(moved);
    return gone;
  }

  private rename(top: Instance): void {
    for (const item of within(top)) {
      const up = item.up as Instance;
      item.path =
        item.kind === 'instance' ? `${up.path}[${item.position()}]` : joinPath(up.path, item.name);
    }
  }

  /** The scope that holds fixed what `cur` and node `number` share, at most `held` repeats of it. */
  private shared(number: number, cur: XNode | null, held: number): Instance {
    const repeats = this.shape.repeats[number] as readonly number[];
    if (repeats.length === 0 || !(cur instanceof Instance)) return this.root;
    let scope = cur.scope;
    while (scope.depth > 0 && (scope.depth > held || repeats[scope.depth - 1] !== scope.node)) {
      scope = (scope.up as Instance).scope;
    }
    return scope;
  }

  /**
   * Instances of a node, as `["r", number, held]` means them at `cur`; without `cur` all of them. A reference that can
   * only mean one instance keeps it, relevant or not; among several only the relevant ones count.
   */
  nodes(number: number, cur: XNode | null, held: number): NodeSet & readonly Instance[] {
    const scope = this.shared(number, cur, held);
    const open = (this.shape.repeats[number] as readonly number[]).slice(scope.depth);
    if (open.length === 0) return this.inScope(number, scope);
    return this.unrolled(number, scope, open, true).filter((item) => item.relevant);
  }

  /** Every instance of a node within a scope, relevant or not, those put aside too. */
  all(number: number, scope: Instance = this.root): readonly Instance[] {
    const repeats = this.shape.repeats[number] as readonly number[];
    return this.unrolled(number, scope, repeats.slice(scope.depth));
  }

  /** The ranges of a repeat within a scope, one per instance of what contains it; null if the node is no repeat. */
  ranges(number: number, scope: Instance): readonly Instance[] | null {
    if (this.shape.nodes[number]?.k !== 'repeat') return null;
    // Seen from inside its own instance, the range is that instance's container.
    if (scope.node === number) return [scope.up as Instance];
    const above = (this.shape.repeats[number] as readonly number[]).slice(scope.depth, -1);
    return this.unrolled(number, scope, above);
  }

  private inScope(number: number, scope: Instance): readonly Instance[] {
    if (scope.node === number) return scope.asSet;
    return scope.at?.get(number)?.asSet ?? [];
  }

  private unrolled(
    number: number,
    from: Instance,
    repeats: readonly number[],
    asked = false,
  ): Instance[] {
    let scopes: readonly Instance[] = from.asSet;
    for (const repeat of repeats) {
      scopes = scopes.flatMap((scope) => scope.at?.get(repeat)?.[asked ? 'asked' : 'kids'] ?? []);
    }
    return scopes.flatMap((scope) => this.inScope(number, scope));
  }

  /** Store answers; every repeat gets as many instances as they have. What no node is called is passed over. */
  load(answers: Answers, into: Instance = this.root): void {
    for (const kid of into.kids) {
      const value = answers[kid.name];
      if (kid.kind === 'repeat') this.loadRepeat(kid, value);
      else if (kid.kind === 'group') this.load(isGroup(value) ? value : {}, kid);
      else kid.raw = typeof value === 'string' ? value : '';
    }
  }

  private loadRepeat(range: Instance, value: AnswerValue | undefined): void {
    for (const item of Array.isArray(value) ? value : []) this.load(item, this.grow(range));
  }

  /**
   * Answers as nested objects, blanks left out; `keep` says whose answers to take, `empties` whether a repeat without
   * instances is mentioned.
   */
  answers(keep: (item: Instance) => boolean, empties = false, from: Instance = this.root): Answers {
    const out: Answers = {};
    for (const kid of from.kids.filter(keep)) {
      const value = this.answer(kid, keep, empties);
      if (value !== undefined) out[kid.name] = value;
    }
    return out;
  }

  private answer(
    item: Instance,
    keep: (item: Instance) => boolean,
    empties: boolean,
  ): AnswerValue | undefined {
    if (item.kind === 'leaf') return item.raw === '' ? undefined : item.raw;
    if (item.kind === 'repeat') {
      const kept = item.kids.filter(keep);
      if (kept.length === 0 && !empties) return undefined;
      return kept.map((instance) => this.answers(keep, empties, instance));
    }
    const below = this.answers(keep, empties, item);
    return Object.keys(below).length > 0 ? below : undefined;
  }
}

function isGroup(value: AnswerValue | undefined): value is Answers {
  return typeof value === 'object' && !Array.isArray(value);
}
