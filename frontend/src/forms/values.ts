/**
 * Values of the form language and XPath 1.0's conversions between them, with ODK's dates.
 * Knows no form and no registry: whatever can be asked for its text is a node.
 */
import { isoOf, isoTimeOf, parseMoment } from './dates';

/** A node of the form or of a registry list, as expressions see it. */
export interface XNode {
  readonly name: string;
  readonly relevant: boolean;
  text(): string;
  parent(): XNode | null;
  /** Child elements, in order. */
  children(): readonly XNode[];
  child(name: string): readonly XNode[];
  attribute(name: string): readonly XNode[];
}

export type NodeSet = readonly XNode[];

/** What today(), now() and date(…) give: a number in arithmetic, an ISO text elsewhere. */
export class Moment {
  constructor(
    readonly days: number,
    readonly iso: string,
  ) {}
  static day(days: number): Moment {
    return new Moment(Math.floor(days), isoOf(days));
  }
  /** A local time, written with the offset given (`+08:00`, or blank). */
  static time(days: number, offset: string): Moment {
    return new Moment(days, isoTimeOf(days) + offset);
  }
}

export type Value = string | number | boolean | Moment | NodeSet;

export const isNodes = (v: Value): v is NodeSet => Array.isArray(v);

const NUMBER = /^\s*-?(?:\d+\.?\d*|\.\d+)\s*$/;

/** Number of a string: a decimal, or an ISO date's days since 1970-01-01; NaN otherwise. */
export function numberOf(text: string): number {
  return NUMBER.test(text) ? Number(text) : parseMoment(text.trim());
}

/** Decimal notation without exponent; integers without a point. */
export function formatNumber(n: number): string {
  const text = String(n);
  const split = text.indexOf('e');
  if (split < 0) return n === 0 ? '0' : text;
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d)\.?(\d*)e/.exec(text) ?? [];
  const exponent = Number(text.slice(split + 1));
  const digits = whole + fraction;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.padEnd(exponent + 1, '0')}`;
}

export function toText(v: Value): string {
  if (typeof v === 'string') return v;
  if (typeof v === 'number') return formatNumber(v);
  if (typeof v === 'boolean') return v ? 'true' : 'false';
  if (v instanceof Moment) return v.iso;
  return v.length > 0 ? (v[0] as XNode).text() : '';
}

export function toNumber(v: Value): number {
  if (typeof v === 'number') return v;
  if (typeof v === 'string') return numberOf(v);
  if (typeof v === 'boolean') return v ? 1 : 0;
  if (v instanceof Moment) return v.days;
  return v.length > 0 ? numberOf((v[0] as XNode).text()) : Number.NaN;
}

/** XPath's boolean(): of nodes, whether there are any, answered or not. */
export function toBoolean(v: Value): boolean {
  if (typeof v === 'boolean') return v;
  if (typeof v === 'string') return v.length > 0;
  if (typeof v === 'number') return v !== 0 && !Number.isNaN(v);
  return v instanceof Moment ? v.days !== 0 : v.length > 0;
}

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

type Atom = string | number | boolean | Moment;

function compareNumbers(op: Comparison, a: number, b: number): boolean {
  switch (op) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

function compareAtoms(op: Comparison, a: Atom, b: Atom): boolean {
  const equation = op === '=' || op === '!=';
  if (equation && typeof a === 'string' && typeof b === 'string') return (a === b) === (op === '=');
  return compareNumbers(op, toNumber(a), toNumber(b));
}

/** Beside a boolean `=` and `!=` take all as true or false; the others only node-sets, and the rest as numbers. */
function compareTruth(op: Comparison, a: Value, b: Value): boolean {
  const equation = op === '=' || op === '!=';
  const number = (v: Value): number =>
    equation || isNodes(v) ? (toBoolean(v) ? 1 : 0) : toNumber(v);
  return compareNumbers(op, number(a), number(b));
}

/** XPath 1.0 comparison: of node-sets, any member will do; beside a boolean they count as a whole. */
export function compare(op: Comparison, a: Value, b: Value): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean') return compareTruth(op, a, b);
  if (isNodes(a)) return a.some((node) => compare(op, node.text(), b));
  if (isNodes(b)) return b.some((node) => compareAtoms(op, a, node.text()));
  return compareAtoms(op, a, b);
}
