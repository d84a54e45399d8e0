/**
 * What depends on what in a definition, and the order in which to recalculate. Worked out once per definition from the
 * expression trees alone; session.ts carries it out.
 */
import type { Expr, FormDefinition, FormNode } from '../protocol/types';
import { ALL_SHARED, type Code, compile } from './evaluate';
import { outputs, wordsOf } from './text';
import { type Shape, shapeOf } from './tree';

/**
 * `count` makes instances, `rel` relevance, `calc` and `items` values: others may depend on those, so they are ordered.
 * `req`, `ro`, `text` and `check` only show; they run last.
 */
export type JobKind = 'count' | 'rel' | 'calc' | 'items' | 'req' | 'ro' | 'text' | 'check';

export interface Job {
  kind: JobKind;
  node: number;
  code: Code | null;
  /** Place in the order of recalculation. */
  rank: number;
  /** Numbers of the nodes it reads. */
  reads: ReadonlySet<number>;
  /** It may read instances that share no repeat with its own node: any change concerns all its instances. */
  broad: boolean;
  /** Gives another value each time: evaluated again only when something it reads changed. */
  impure: boolean;
  /** It looks into the registry. */
  looksUp: boolean;
}

export interface Plan {
  shape: Shape;
  /** In the order of recalculation. */
  jobs: readonly Job[];
  byNode: readonly (readonly Job[])[];
  /** Jobs that read a node. */
  readers: readonly (readonly Job[])[];
  /** Per repeat, the jobs to which it matters how many instances there are. */
  structureReaders: ReadonlyMap<number, readonly Job[]>;
}

const plans = new WeakMap<FormDefinition, Plan>();

export function planOf(def: FormDefinition): Plan {
  let plan = plans.get(def);
  if (!plan) {
    plan = makePlan(def);
    plans.set(def, plan);
  }
  return plan;
}

interface Reads {
  nodes: Set<number>;
  broad: boolean;
  impure: boolean;
  looksUp: boolean;
}

const IMPURE = new Set(['uuid', 'random', 'now', 'once']);

/** Everything below a node, in order. */
function below(shape: Shape, node: number, found: number[] = []): number[] {
  for (const kid of shape.kids[node] ?? []) {
    found.push(kid);
    below(shape, kid, found);
  }
  return found;
}

function above(shape: Shape, node: number): number[] {
  const found: number[] = [];
  for (let n = shape.nodes[node]?.p ?? -1; n >= 0; n = shape.nodes[n]?.p ?? -1) found.push(n);
  return found;
}

function along(shape: Shape, node: number, axis: string): readonly number[] {
  const parent = shape.nodes[node]?.p ?? -1;
  switch (axis) {
    case 'child':
    case 'attribute':
      return shape.kids[node] ?? [];
    case 'parent':
      return parent < 0 ? [] : [parent];
    case 'ancestor':
      return above(shape, node);
    case 'descendant':
      return below(shape, node);
    case 'following-sibling':
    case 'preceding-sibling':
      return shape.kids[parent] ?? [];
    default:
      return [node];
  }
}

/** Form nodes one step leads to from a node, instances left aside. */
function stepFrom(shape: Shape, node: number, axis: string, name: string): readonly number[] {
  const found = along(shape, node, axis);
  if (name === '*') return found;
  const wanted = axis === 'attribute' ? `@${name}` : name;
  return found.filter((n) => shape.nodes[n]?.n === wanted);
}

/** Adds what a tree reads; gives the form nodes the tree itself may mean. */
function collect(shape: Shape, tree: Expr, at: number, context: number[], reads: Reads): number[] {
  switch (tree[0]) {
    case 'r': {
      const [, node, held = ALL_SHARED] = tree as [string, number, number?];
      reads.nodes.add(node);
      if (held !== ALL_SHARED) reads.broad = true;
      return [node];
    }
    case '.':
      if (context[0] === at) reads.nodes.add(at);
      return context;
    case 'ctx':
      return context;
    case 'cur':
      return [at];
    case 'path':
      return collectPath(shape, tree, at, context, reads);
    default:
      if (tree[0] === 'f' && IMPURE.has(tree[1] as string)) reads.impure = true;
      return tree
        .slice(1)
        .flatMap((part) =>
          Array.isArray(part) ? collect(shape, part as unknown as Expr, at, context, reads) : [],
        );
  }
}

function collectPath(
  shape: Shape,
  tree: Expr,
  at: number,
  context: number[],
  reads: Reads,
): number[] {
  const [, base, ...steps] = tree as unknown as [string, Expr, ...[string, string, ...Expr[]][]];
  let nodes = startOf(shape, base, at, context, reads);
  for (const [axis, name, ...preds] of steps) {
    nodes = [...new Set(nodes.flatMap((node) => stepFrom(shape, node, axis, name)))];
    for (const pred of preds) collect(shape, pred, at, nodes, reads);
  }
  if (nodes.length > 0 || base[0] === 'r') reads.broad = true;
  for (const node of nodes) reads.nodes.add(node);
  return nodes;
}

/** Where a path begins. A node it only passes through is not read itself. */
function startOf(shape: Shape, base: Expr, at: number, context: number[], reads: Reads): number[] {
  if (base[0] === 'inst') {
    reads.looksUp = true;
    return [];
  }
  return base[0] === 'r' ? [base[1] as number] : collect(shape, base, at, context, reads);
}

/** What trees at a node read; `own`: its own value too, which what is only shown may ask for. */
function readsOf(shape: Shape, trees: readonly Expr[], at: number, own: boolean): Reads {
  const reads: Reads = { nodes: new Set(), broad: false, impure: false, looksUp: false };
  for (const tree of trees) collect(shape, tree, at, [at], reads);
  // The text of a group is that of its leaves.
  for (const node of [...reads.nodes]) {
    if (shape.nodes[node]?.k === 'leaf') continue;
    for (const part of below(shape, node)) reads.nodes.add(part);
  }
  if (!own) reads.nodes.delete(at);
  return reads;
}

/** What its choices and their order depend on. */
function itemTrees({ items }: FormNode): Expr[] {
  const { from, where, rand } = items ?? {};
  return [from, where, rand === true ? undefined : rand].filter((tree) => tree !== undefined);
}

/** What a node asks to be calculated: per kind the trees it consists of. */
function treesOf(def: FormDefinition, node: FormNode): [JobKind, Expr[]][] {
  const optional = (tree: Expr | undefined): Expr[] => (tree ? [tree] : []);
  const texts = [node.l, node.h, node.g].flatMap(outputs);
  const answers = node.k === 'leaf';
  const checked = [
    ...optional(node.con),
    ...optional(node.req),
    ...outputs(node.msg),
    ...outputs(node.rmsg),
  ];
  const all: [JobKind, Expr[]][] = [
    ['count', optional(node.k === 'repeat' ? node.count : undefined)],
    ['rel', optional(node.rel)],
    ['calc', optional(answers ? node.calc : undefined)],
    ['items', [...itemTrees(node), ...wordsOf(def, node.items?.list)]],
    ['req', optional(answers ? node.req : undefined)],
    ['ro', optional(node.ro)],
    ['text', texts],
    ['check', answers ? checked : []],
  ];
  return all.filter(([, trees]) => trees.length > 0);
}

/** What the labels of choices mention that a tree asks for. */
function wordsIn(def: FormDefinition, tree: unknown): Expr[] {
  if (!Array.isArray(tree)) return [];
  const asked = tree[1] === 'jr:choice-name' ? def.nodes[tree[3][1]]?.items?.list : undefined;
  const own = wordsOf(def, tree[0] === 'inst' ? tree[1] : asked);
  return [...own, ...tree.flatMap((part) => wordsIn(def, part))];
}

function makeJobs(def: FormDefinition, shape: Shape): Job[] {
  const speak = Object.keys(def.lists).some((list) => wordsOf(def, list).length > 0);
  return def.nodes.flatMap((node, number) =>
    treesOf(def, node).map(([kind, trees]): Job => {
      const shown = kind === 'text' || kind === 'check';
      const words = speak
        ? [...trees, ...(kind === 'items' ? [['inst', node.items?.list]] : [])].flatMap((tree) =>
            wordsIn(def, tree),
          )
        : [];
      const reads = readsOf(shape, [...trees, ...words], number, kind === 'text');
      for (const tree of trees) compile(tree);
      return {
        kind,
        node: number,
        code: shown ? null : compile(trees[0] as Expr),
        rank: 0,
        reads: reads.nodes,
        broad: reads.broad,
        impure: reads.impure,
        looksUp: reads.looksUp,
      };
    }),
  );
}

const SHOWN: ReadonlySet<JobKind> = new Set(['req', 'ro', 'text', 'check']);

/** Jobs whose outcome may change what a node's value is to others. */
function providers(shape: Shape, byNode: readonly Job[][], node: number): Job[] {
  const own = (byNode[node] ?? []).filter((job) => !SHOWN.has(job.kind));
  const above: Job[] = [];
  for (let n = (shape.nodes[node] as FormNode).p; n >= 0; n = (shape.nodes[n] as FormNode).p) {
    const jobs = byNode[n] ?? [];
    above.push(...jobs.filter((job) => job.kind === 'rel' || job.kind === 'count'));
  }
  return [...own, ...above];
}

/** Depth-first order. A form whose questions depend on each other in a circle keeps one of the possible orders. */
function ordered(shape: Shape, jobs: readonly Job[], byNode: readonly Job[][]): Job[] {
  const order: Job[] = [];
  const seen = new Set<Job>();
  const visit = (job: Job): void => {
    if (seen.has(job)) return;
    seen.add(job);
    for (const container of providers(shape, byNode, job.node)) {
      if (container.kind === 'count' || job.kind === 'items') visit(container);
    }
    for (const node of job.reads) providers(shape, byNode, node).forEach(visit);
    order.push(job);
  };
  jobs.filter((job) => !SHOWN.has(job.kind)).forEach(visit);
  return [...order, ...jobs.filter((job) => SHOWN.has(job.kind))];
}

/** Does a job look at a repeat from outside one of its instances, or count them? */
function seesOthers(shape: Shape, job: Job, repeat: number): boolean {
  return job.broad || job.reads.has(repeat) || !shape.repeats[job.node]?.includes(repeat);
}

function makePlan(def: FormDefinition): Plan {
  const shape = shapeOf(def);
  const unordered = makeJobs(def, shape);
  const byNode: Job[][] = def.nodes.map(() => []);
  for (const job of unordered) byNode[job.node]?.push(job);
  const jobs = ordered(shape, unordered, byNode);
  const readers: Job[][] = def.nodes.map(() => []);
  jobs.forEach((job, rank) => {
    job.rank = rank;
    for (const node of job.reads) readers[node]?.push(job);
  });
  const structureReaders = new Map<number, Job[]>();
  def.nodes.forEach((node, number) => {
    if (node.k !== 'repeat') return;
    const inside = [number, ...below(shape, number)];
    const concerned = inside
      .flatMap((n) => readers[n] ?? [])
      .filter((job) => seesOthers(shape, job, number));
    structureReaders.set(number, [...new Set(concerned)]);
  });
  return { shape, jobs, byNode, readers, structureReaders };
}

/** Does an expression at a node look at any other? */
export const readsNodes = (def: FormDefinition, tree: Expr, at: number): boolean =>
  readsOf(shapeOf(def), [tree], at, false).nodes.size > 0;
