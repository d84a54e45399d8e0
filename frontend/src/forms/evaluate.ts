/**
 * Turns the expression trees of docs/form-definition.md into closures, each tree once.
 * Knows neither sessions nor definitions: the form's nodes and the registry are asked of a World.
 */
import type { Expr, RegistryItem } from '../protocol/types';
import { anySeed, seedOf, shuffled } from './chance';
import { inCalendar, isoOf, isoTimeOf, parseMoment } from './dates';
import { digest } from './digest';
import { functions, momentOf, paddedDate } from './functions';
import { compilePath, inOrder, itemNode } from './paths';
import {
  type Comparison,
  compare,
  isNodes,
  Moment,
  type NodeSet,
  toBoolean,
  toNumber,
  toText,
  type Value,
  type XNode,
} from './values';

/** What expressions may ask about: time, chance, the registry, and the form around the node being evaluated. */
export interface World {
  today(): string;
  now(): string;
  uuid(): string;
  random(): number;
  /** `cur`: the node that asks; labels of the form's own lists may mention what is answered around it. */
  items(list: string, cur?: XNode | null): readonly RegistryItem[];
  find?(list: string, prop: string, value: string, cur?: XNode | null): readonly RegistryItem[];
  /** Instances of a form node that share the first `held` repeats with `cur` (default: all that they have in common). */
  nodes(node: number, cur: XNode | null, held: number): NodeSet;
  /** What is stored in the node being evaluated, relevant or not. */
  stored(cur: XNode | null): string;
  /** Label of a choice in the language of the user. */
  choiceName(node: number, value: string, cur: XNode | null): string;
}

export interface Frame {
  world: World;
  /** The form node being evaluated. */
  cur: XNode | null;
  /** The context node: the candidate inside a predicate, else `cur`. */
  ctx: XNode | null;
  pos: number;
  size: number;
}

export type Code = (frame: Frame) => Value;

export const ALL_SHARED = Number.POSITIVE_INFINITY;

export function frameOf(world: World, node: XNode | null): Frame {
  return { world, cur: node, ctx: node, pos: 1, size: 1 };
}

const compiled = new WeakMap<Expr, Code>();

/** The closure of a whole expression; the same tree is compiled once. Throws on what is no expression. */
export function compile(expr: Expr): Code {
  let code = compiled.get(expr);
  if (!code) {
    code = build(expr);
    compiled.set(expr, code);
  }
  return code;
}

function build(expr: Expr): Code {
  switch (expr[0]) {
    case 'n':
    case 's': {
      const constant = expr[1] as string | number;
      return () => constant;
    }
    case 'r': {
      const [, node, held = ALL_SHARED] = expr as [string, number, number?];
      return (f) => f.world.nodes(node, f.cur, held);
    }
    case '.':
    case 'ctx':
      return (f) => (f.ctx ? [f.ctx] : []);
    case 'cur':
      return (f) => (f.cur ? [f.cur] : []);
    case 'path':
      return compilePath(expr, build);
    case 'neg': {
      const operand = build(expr[1] as Expr);
      return (f) => -toNumber(operand(f));
    }
    case 'op':
      return operator(expr[1] as string, build(expr[2] as Expr), build(expr[3] as Expr));
    case 'f':
      return call(expr[1] as string, expr.slice(2) as Expr[]);
    default:
      throw new Error(`unknown expression ${expr[0]}`);
  }
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
};

function operator(op: string, a: Code, b: Code): Code {
  if (op === 'and') return (f) => toBoolean(a(f)) && toBoolean(b(f));
  if (op === 'or') return (f) => toBoolean(a(f)) || toBoolean(b(f));
  if (op === '|') return (f) => union(a(f), b(f));
  const calculate = arithmetic[op];
  if (calculate) return (f) => calculate(toNumber(a(f)), toNumber(b(f)));
  return (f) => compare(op as Comparison, a(f), b(f));
}

function union(a: Value, b: Value): NodeSet {
  return inOrder([...new Set([...(isNodes(a) ? a : []), ...(isNodes(b) ? b : [])])]);
}

type Special = (args: Code[], trees: Expr[]) => Code;

/** Functions that evaluate on demand or look around themselves. */
const special: Record<string, Special> = {
  if:
    ([test, then, otherwise]) =>
    (f) =>
      toBoolean((test as Code)(f)) ? (then as Code)(f) : (otherwise as Code)(f),
  coalesce:
    ([a, b]) =>
    (f) =>
      toText((a as Code)(f)) || toText((b as Code)(f)),
  once:
    ([a]) =>
    (f) =>
      f.world.stored(f.cur) || toText((a as Code)(f)),
  today: () => (f) => Moment.day(parseMoment(f.world.today())),
  now: () => (f) => {
    const iso = f.world.now();
    return new Moment(parseMoment(iso), iso);
  },
  'date-time':
    ([value]) =>
    (f) =>
      dateTime(paddedDate((value as Code)(f)), f.world.now()),
  uuid:
    ([length]) =>
    (f) =>
      length ? randomText(f.world, toNumber(length(f))) : f.world.uuid(),
  random: () => (f) => f.world.random(),
  last: () => (f) => f.size,
  position: ([node]) => (node ? (f) => positionOf(node(f)) : (f) => f.pos),
  'jr:choice-name':
    ([value], [, node]) =>
    (f) =>
      f.world.choiceName((node as Expr)[1] as number, toText((value as Code)(f)), f.cur),
  randomize:
    ([nodes, seed]) =>
    (f) => {
      const given = (nodes as Code)(f);
      const from = seed ? seedOf(seed(f)) : anySeed(f.world.random);
      return isNodes(given) ? shuffled(given, from) : [];
    },
  digest:
    ([text, algorithm, encoding]) =>
    (f) =>
      digest(
        toText((text as Code)(f)),
        toText((algorithm as Code)(f)),
        encoding !== undefined && toText(encoding(f)) === 'hex',
      ),
};

const OF_CONTEXT = new Set(['string', 'number', 'string-length', 'normalize-space']);

function call(name: string, trees: Expr[]): Code {
  const args = trees.map(build);
  const own = special[name];
  if (own) return own(args, trees);
  const fn = functions[name];
  if (!fn) throw new Error(`unknown function ${name}()`);
  if (args.length === 0 && OF_CONTEXT.has(name)) return (f) => fn(f.ctx ? f.ctx.text() : '');
  const [a, b] = args;
  if (args.length === 1 && a) return (f) => fn(a(f));
  if (args.length === 2 && a && b) return (f) => fn(a(f), b(f));
  return (f) => fn(...args.map((arg) => arg(f)));
}

/** Position of a node among the siblings of its name. */
function positionOf(value: Value): number {
  const node = isNodes(value) ? value[0] : undefined;
  if (!node) return Number.NaN;
  const namesakes = node.parent()?.child(node.name) ?? [node];
  return namesakes.indexOf(node) + 1;
}

/** Of a random text: what asks for more asks for no end. */
const LONGEST_TEXT = 10_000;

function randomText(world: World, length: number): string {
  const wanted = Math.min(length, LONGEST_TEXT);
  let text = '';
  while (text.length < wanted) text += world.uuid();
  return text.slice(0, Math.max(0, Math.trunc(wanted) || 0));
}

const OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/;

/** The offset a local time is written with, or blank. */
export const offsetOf = (now: string): string => OFFSET.exec(now)?.[0] ?? '';

/** What is written as a date-time stays as written; a day or a number gets the phone's offset. */
function dateTime(value: Value, now: string): Value {
  if (value instanceof Moment && value.iso.includes('T')) return value;
  const days = momentOf(value);
  if (Number.isNaN(days)) return '';
  const text = typeof value === 'number' ? '' : toText(value).trim();
  return OFFSET.test(text) ? new Moment(days, text) : Moment.time(days, offsetOf(now));
}

// ---- expressions over one registry item ------------------------------------------------------------

/** The world of expressions that see nothing but the item they are about. */
export function itemWorld(today: string): World {
  return {
    today: () => today,
    now: () => `${today}T00:00:00.000`,
    uuid: () => '',
    random: () => 0,
    items: () => [],
    nodes: () => [],
    stored: () => '',
    choiceName: () => '',
  };
}

/**
 * Evaluates an expression of a program (title, computed property, schedule) over one item: its properties, and
 * `prop/@on`, `prop/@by` as keys of the same spelling.
 */
export function evaluateItem(expr: Expr, item: RegistryItem, today: string): Value {
  return compile(expr)(frameOf(itemWorld(today), itemNode(item)));
}

/** The same as text; a number that isn't one is blank. */
export function itemText(expr: Expr, item: RegistryItem, today: string): string {
  return storedText(evaluateItem(expr, item, today));
}

/** How a leaf of a data type stores a value: NaN as nothing, numbers as days in dates and whole in integers. */
export function storedText(value: Value, type = 'string', now = ''): string {
  if (typeof value !== 'number') {
    const text = toText(value);
    return type === 'date' && text.includes('T') ? text.slice(0, 10) : text;
  }
  if (Number.isNaN(value)) return '';
  if (type === 'date') return inCalendar(value) ? isoOf(value) : '';
  if (type === 'dateTime') return inCalendar(value) ? isoTimeOf(value) + offsetOf(now) : '';
  return toText(type === 'int' ? Math.trunc(value) : value);
}
