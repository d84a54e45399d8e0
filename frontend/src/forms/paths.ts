/** Location paths: axes, predicates, and lookups in registry lists by an index where one serves. */
import type { Expr, RegistryItem } from '../protocol/types';
import type { Code, Frame } from './evaluate';
import { isNodes, type NodeSet, toBoolean, toText, type Value, type XNode } from './values';

type Compile = (expr: Expr) => Code;
type Step = (frame: Frame, nodes: NodeSet) => NodeSet;

/** A property of a registry item; `edd/@on` in the item is the attribute `on` of its property `edd`. */
class PropNode implements XNode {
  readonly relevant = true;
  constructor(
    private readonly item: ItemNode,
    readonly name: string,
    private readonly value: string,
  ) {}
  text(): string {
    return this.value;
  }
  parent(): XNode {
    return this.item;
  }
  children(): readonly XNode[] {
    return [];
  }
  child(): readonly XNode[] {
    return [];
  }
  attribute(name: string): readonly XNode[] {
    const value = this.item.item[`${this.name}/@${name}`];
    return value === undefined ? [] : [new PropNode(this.item, `@${name}`, value)];
  }
}

/** One item of a registry list; its properties are its children. */
export class ItemNode implements XNode {
  readonly name = 'item';
  readonly relevant = true;
  /** The list it was found in, if by a path through one. */
  list: ListNode | null = null;
  constructor(readonly item: RegistryItem) {}
  text(): string {
    return this.children()
      .map((node) => node.text())
      .join('');
  }
  parent(): XNode | null {
    return this.list;
  }
  children(): readonly XNode[] {
    return Object.keys(this.item)
      .filter((key) => !key.includes('/'))
      .map((key) => new PropNode(this, key, this.item[key] ?? ''));
  }
  child(name: string): readonly XNode[] {
    const value = this.item[name];
    return value === undefined ? [] : [new PropNode(this, name, value)];
  }
  attribute(): readonly XNode[] {
    return [];
  }
}

/** The `root` element of a list. */
class ListNode implements XNode {
  readonly name = 'root';
  readonly relevant = true;
  constructor(private readonly items: () => readonly RegistryItem[]) {}
  text(): string {
    return this.children()
      .map((node) => node.text())
      .join('');
  }
  parent(): null {
    return null;
  }
  children(): readonly XNode[] {
    return this.items().map((item) => nodeOfItem(item, this));
  }
  child(name: string): readonly XNode[] {
    return name === 'item' ? this.children() : [];
  }
  attribute(): readonly XNode[] {
    return [];
  }
}

const itemNodes = new WeakMap<RegistryItem, ItemNode>();

/** The node of an item: the same one for the same item. */
export function itemNode(item: RegistryItem): XNode {
  return nodeOfItem(item);
}

function nodeOfItem(item: RegistryItem, list?: ListNode): ItemNode {
  let node = itemNodes.get(item);
  if (!node) {
    node = new ItemNode(item);
    itemNodes.set(item, node);
  }
  if (list) node.list = list;
  return node;
}

function place(node: XNode): number[] {
  const above = node.parent();
  if (!above) return [];
  return [...place(above), [...above.attribute('*'), ...above.children()].indexOf(node)];
}

/** Nodes in the order of the document. */
export function inOrder(nodes: NodeSet): NodeSet {
  const places = new Map(nodes.map((node) => [node, place(node)]));
  return [...nodes].sort((a, b) => {
    const [left, right] = [places.get(a) ?? [], places.get(b) ?? []];
    const at = left.findIndex((n, i) => n !== right[i]);
    return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
  });
}

function descendants(node: XNode): XNode[] {
  return node.children().flatMap((child) => [child, ...descendants(child)]);
}

function ancestors(node: XNode): XNode[] {
  const above = node.parent();
  return above ? [above, ...ancestors(above)] : [];
}

function siblings(node: XNode, following: boolean): XNode[] {
  const all = node.parent()?.children() ?? [];
  const at = all.indexOf(node);
  return following ? all.slice(at + 1) : all.slice(0, Math.max(at, 0)).reverse();
}

const named = (nodes: readonly XNode[], name: string): readonly XNode[] =>
  name === '*' ? nodes : nodes.filter((node) => node.name === name);

/** Where one step leads from a node. What is not relevant can't be reached. */
function walk(node: XNode, axis: string, name: string): readonly XNode[] {
  const found = along(node, axis, name);
  return found.every((hit) => hit.relevant) ? found : found.filter((hit) => hit.relevant);
}

function along(node: XNode, axis: string, name: string): readonly XNode[] {
  switch (axis) {
    case 'child':
      return name === '*' ? node.children() : node.child(name);
    case 'attribute':
      return node.attribute(name);
    case 'self':
      return named([node], name);
    case 'parent': {
      const above = node.parent();
      return above ? named([above], name) : [];
    }
    case 'descendant':
      return named(descendants(node), name);
    case 'ancestor':
      return named(ancestors(node), name);
    case 'following-sibling':
      return named(siblings(node, true), name);
    case 'preceding-sibling':
      return named(siblings(node, false), name);
    default:
      throw new Error(`unknown axis ${axis}`);
  }
}

/** Members of a node-set that satisfy a predicate; a number selects by position. */
export function filter(frame: Frame, nodes: NodeSet, predicate: Code): NodeSet {
  const inner: Frame = { ...frame, size: nodes.length };
  return nodes.filter((node, i) => {
    inner.ctx = node;
    inner.pos = i + 1;
    const verdict = predicate(inner);
    return typeof verdict === 'number' ? verdict === i + 1 : toBoolean(verdict);
  });
}

const narrowed = (frame: Frame, nodes: NodeSet, predicates: readonly Code[]): NodeSet =>
  predicates.reduce((kept, predicate) => filter(frame, kept, predicate), nodes);

function compileStep([axis, name, ...preds]: [string, string, ...Expr[]], compile: Compile): Step {
  const predicates = preds.map(compile);
  if (axis === 'filter') return (frame, nodes) => narrowed(frame, nodes, predicates);
  return (frame, nodes) => {
    if (nodes.length === 1) {
      return narrowed(frame, walk(nodes[0] as XNode, axis, name), predicates);
    }
    const found = new Set<XNode>();
    for (const node of nodes) {
      for (const hit of narrowed(frame, walk(node, axis, name), predicates)) found.add(hit);
    }
    return [...found];
  };
}

const CONTEXTUAL = new Set([
  'position',
  'last',
  'string',
  'number',
  'string-length',
  'normalize-space',
]);

/** May the value change from candidate to candidate? */
function followsCandidate(tree: unknown): boolean {
  if (!Array.isArray(tree)) return false;
  if (tree[0] === '.' || tree[0] === 'ctx') return true;
  if (tree[0] === 'f' && tree.length === 2 && CONTEXTUAL.has(tree[1] as string)) return true;
  return tree.slice(1).some(followsCandidate);
}

interface Key {
  prop: string;
  value: Code;
}

/** The property a side of an equation names, if it is just a property of the candidate. */
function propertyOf(tree: Expr): string | null {
  if (tree[0] !== 'path' || tree.length !== 3) return null;
  const [, base, step] = tree as unknown as [string, Expr, [string, string, ...Expr[]]];
  const plain = base[0] === 'ctx' && step[0] === 'child' && step.length === 2 && step[1] !== '*';
  return plain ? step[1] : null;
}

/** The first `prop = value` that every candidate must satisfy and whose value is the same for all. */
function keyOf(predicate: Expr | undefined, compile: Compile): Key | null {
  if (predicate?.[0] !== 'op') return null;
  const [, op, a, b] = predicate as [string, string, Expr, Expr];
  if (op === 'and') return keyOf(a, compile) ?? keyOf(b, compile);
  if (op !== '=') return null;
  const [left, right] = [propertyOf(a), propertyOf(b)];
  if (left !== null && !followsCandidate(b)) return { prop: left, value: compile(b) };
  if (right !== null && !followsCandidate(a)) return { prop: right, value: compile(a) };
  return null;
}

const asksPosition = (tree: unknown): boolean =>
  Array.isArray(tree) &&
  ((tree[0] === 'f' && (tree[1] === 'position' || tree[1] === 'last')) || tree.some(asksPosition));

/** The text every match must equal; null if the comparison is not one of texts. */
function keyText(value: Value): string | null {
  if (typeof value === 'string') return value;
  return isNodes(value) && value.length === 1 ? toText(value) : null;
}

function lookUp(frame: Frame, list: string, key: Key): readonly RegistryItem[] {
  const wanted = keyText(key.value(frame));
  const { world, cur } = frame;
  if (wanted === null) return world.items(list, cur);
  if (wanted !== '' && world.find) return world.find(list, key.prop, wanted, cur);
  return world.items(list, cur).filter((item) => item[key.prop] === wanted);
}

/** Items of a registry list that pass the predicates of the path's `item` step. */
function compileItems(list: string, predicates: Expr[], compile: Compile): (f: Frame) => NodeSet {
  const codes = predicates.map(compile);
  const key = asksPosition(predicates[0]) ? null : keyOf(predicates[0], compile);
  return (frame) => {
    const all = () => frame.world.items(list, frame.cur);
    const root = new ListNode(all);
    const items = key ? lookUp(frame, list, key) : all();
    return narrowed(
      frame,
      items.map((item) => nodeOfItem(item, root)),
      codes,
    );
  };
}

function compileBase(base: Expr, compile: Compile): (frame: Frame) => NodeSet {
  if (base[0] === 'ctx') return (frame) => (frame.ctx ? [frame.ctx] : []);
  const code = compile(base);
  return (frame) => {
    const value = code(frame);
    return isNodes(value) ? value : [];
  };
}

/** Compiles `["path", base, …steps]`. */
export function compilePath(expr: Expr, compile: Compile): Code {
  const [, base, ...steps] = expr as unknown as [string, Expr, ...[string, string, ...Expr[]][]];
  let start: (frame: Frame) => NodeSet;
  let rest = steps;
  if (base[0] === 'inst') {
    const [first, ...others] = steps;
    if (first?.[0] !== 'child') throw new Error('a list is read by its items');
    start = compileItems(base[1] as string, first.slice(2) as Expr[], compile);
    rest = others;
  } else {
    start = compileBase(base, compile);
  }
  const walked = rest.map((step) => compileStep(step, compile));
  return (frame) => walked.reduce((nodes, step) => step(frame, nodes), start(frame));
}

/** Candidates of a choice filter: does this item pass? */
export function admits(frame: Frame, item: RegistryItem, where: Code): boolean {
  const verdict = where({ ...frame, ctx: nodeOfItem(item), pos: 1, size: 1 });
  return toBoolean(verdict);
}

/** Items of a list that a choice filter lets through, by the list's index where the filter allows. */
export function compileFilter(list: string, where: Expr, compile: Compile) {
  const items = compileItems(list, [where], compile);
  return (frame: Frame): RegistryItem[] => items(frame).map((node) => (node as ItemNode).item);
}
