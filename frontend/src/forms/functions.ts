/**
 * ODK's function library over values. Functions that need the tree around them (current position, the form,
 * evaluation on demand) live in evaluate.ts.
 */
import { formatMoment, inCalendar, padded, parseMoment, parseTime } from './dates';
import { areaOf, crossesItself, distanceOf, isInside } from './geo';
import { isNodes, Moment, type NodeSet, toBoolean, toNumber, toText, type Value } from './values';

export type Fn = (...args: Value[]) => Value;

/** The values of all arguments, node-sets taken apart. */
function spread(args: readonly Value[]): Exclude<Value, NodeSet>[] {
  return args.flatMap((arg) => (isNodes(arg) ? arg.map((node) => node.text()) : [arg]));
}

const words = (v: Value): string[] => {
  const text = toText(v).trim();
  return text === '' ? [] : text.split(/\s+/);
};

const text1 =
  (f: (s: string) => Value): Fn =>
  (a = '') =>
    f(toText(a));
const text2 =
  (f: (a: string, b: string) => Value): Fn =>
  (a = '', b = '') =>
    f(toText(a), toText(b));
const number1 =
  (f: (n: number) => number): Fn =>
  (a = '') =>
    f(toNumber(a));

const numbers = (args: readonly Value[]): number[] => spread(args).map(toNumber);

const patterns = new Map<string, RegExp | null>();

function pattern(source: string): RegExp | null {
  let found = patterns.get(source);
  if (found === undefined) {
    try {
      found = new RegExp(source);
    } catch {
      found = null;
    }
    patterns.set(source, found);
  }
  return found;
}

/** XPath's substring: positions from 1, ends rounded. */
function substring(text: string, from: number, length?: number): string {
  const start = Math.round(from);
  const end = length === undefined ? Number.POSITIVE_INFINITY : start + Math.round(length);
  return [...text].filter((_, i) => i + 1 >= start && i + 1 < end).join('');
}

/** ODK's substr: positions from 0, negative ones from the end. */
function substr(text: string, from: number, to: number): string {
  const chars = [...text];
  return chars.slice(Math.trunc(from) || 0, Math.trunc(to) || 0).join('');
}

function translate(text: string, from: string, to: string): string {
  const [source, target] = [[...from], [...to]];
  return [...text]
    .map((char) => {
      const at = source.indexOf(char);
      return at < 0 ? char : (target[at] ?? '');
    })
    .join('');
}

/** Half away from zero, to a number of decimals. */
function round(value: number, decimals: number): number {
  const scale = 10 ** Math.trunc(decimals);
  const rounded = Math.round(Math.abs(value) * scale) / scale;
  return value < 0 ? -rounded : rounded;
}

/** The day number of a date, date-time or number; NaN of anything else. */
export function momentOf(v: Value): number {
  if (v instanceof Moment) return v.days;
  if (typeof v === 'number') return inCalendar(v) ? v : Number.NaN;
  return parseMoment(toText(v).trim());
}

/** Text with the leading zeros a date may lack; other values as they are. */
export const paddedDate = (v: Value): Value =>
  typeof v === 'string' || isNodes(v) ? padded(toText(v)) : v;

function format(v: Value, pattern: Value, withTime: boolean): string {
  const moment = momentOf(v);
  return Number.isNaN(moment) ? '' : formatMoment(moment, toText(pattern), withTime);
}

function decimalTime(v: Value): number {
  if (v instanceof Moment && v.iso.includes('T')) return v.days - Math.floor(v.days);
  return parseTime(toText(v).trim());
}

function checked(min: Value, max: Value, total: number): boolean {
  const [low, high] = [toNumber(min), toNumber(max)];
  return (low === -1 || total >= low) && (high === -1 || total <= high);
}

function weighted(args: readonly Value[]): number {
  let total = 0;
  for (let i = 0; i + 1 < args.length; i += 2) {
    if (toBoolean(args[i] as Value)) total += toNumber(args[i + 1] as Value);
  }
  return total;
}

function base64Text(text: string): string {
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(text)) return '';
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
}

const strings: Record<string, Fn> = {
  string: text1((s) => s),
  concat: (...args) => spread(args).map(toText).join(''),
  join: (glue = '', ...args) => spread(args).map(toText).join(toText(glue)),
  contains: text2((a, b) => a.includes(b)),
  'starts-with': text2((a, b) => a.startsWith(b)),
  'ends-with': text2((a, b) => a.endsWith(b)),
  'substring-before': text2((a, b) => (a.includes(b) ? a.slice(0, a.indexOf(b)) : '')),
  'substring-after': text2((a, b) => (a.includes(b) ? a.slice(a.indexOf(b) + b.length) : '')),
  substring: (s = '', from = 1, length) =>
    substring(toText(s), toNumber(from), length === undefined ? length : toNumber(length)),
  substr: (s = '', from = 0, to = Number.POSITIVE_INFINITY) =>
    substr(toText(s), toNumber(from), toNumber(to)),
  translate: (s = '', from = '', to = '') => translate(toText(s), toText(from), toText(to)),
  'string-length': text1((s) => [...s].length),
  'normalize-space': text1((s) =>
    s
      .split(/[ \t\r\n]+/)
      .filter(Boolean)
      .join(' '),
  ),
  regex: text2((s, source) => pattern(source)?.test(s) ?? false),
  'base64-decode': text1(base64Text),
};

const booleans: Record<string, Fn> = {
  true: () => true,
  false: () => false,
  boolean: (v = '') => toBoolean(v),
  not: (v = '') => !toBoolean(v),
  'boolean-from-string': text1((s) => s === 'true' || s === '1'),
  checklist: (min = -1, max = -1, ...args) =>
    checked(min, max, spread(args).filter(toBoolean).length),
  'weighted-checklist': (min = -1, max = -1, ...args) => checked(min, max, weighted(args)),
};

const arithmetic: Record<string, Fn> = {
  number: (v = '') => toNumber(v),
  int: number1(Math.trunc),
  abs: number1(Math.abs),
  floor: number1(Math.floor),
  ceiling: number1(Math.ceil),
  round: (v = '', decimals = 0) => round(toNumber(v), toNumber(decimals)),
  pow: (a = '', b = '') => {
    const [base, exponent] = [toNumber(a), toNumber(b)];
    return Number.isNaN(base) ? Number.NaN : base ** exponent;
  },
  sqrt: number1(Math.sqrt),
  exp: number1(Math.exp),
  exp10: number1((n) => 10 ** n),
  log: number1(Math.log),
  log10: number1(Math.log10),
  sin: number1(Math.sin),
  cos: number1(Math.cos),
  tan: number1(Math.tan),
  asin: number1(Math.asin),
  acos: number1(Math.acos),
  atan: number1(Math.atan),
  atan2: (a = '', b = '') => Math.atan2(toNumber(a), toNumber(b)),
  pi: () => Math.PI,
  sum: (...args) => numbers(args).reduce((total, n) => total + n, 0),
  max: (...args) => extreme(numbers(args), Math.max),
  min: (...args) => extreme(numbers(args), Math.min),
};

function extreme(values: number[], pick: (...n: number[]) => number): number {
  return values.length > 0 ? pick(...values) : Number.NaN;
}

const dates: Record<string, Fn> = {
  date: (v = '') => {
    const days = momentOf(paddedDate(v));
    return Number.isNaN(days) ? '' : Moment.day(days);
  },

  'decimal-date-time': (v = '') => momentOf(v),
  'decimal-time': (v = '') => decimalTime(v),
  'format-date': (v = '', pattern = '') => format(v, pattern, false),
  'format-date-time': (v = '', pattern = '') => format(v, pattern, true),
};

const choices: Record<string, Fn> = {
  selected: (list = '', value = '') => words(list).includes(toText(value).trim()),
  'selected-at': (list = '', index = 0) => words(list)[Math.trunc(toNumber(index))] ?? '',
  'count-selected': (list = '') => words(list).length,
};

const nodeSets: Record<string, Fn> = {
  count: (nodes = '') => (isNodes(nodes) ? nodes.length : 0),
  'count-non-empty': (nodes = '') =>
    isNodes(nodes) ? nodes.filter((node) => node.text() !== '').length : 0,

  area: (shape = '') => areaOf(spread([shape]).map(toText)),
  geofence: (point = '', shape = '') => isInside(toText(point), spread([shape]).map(toText)),
  intersects: (shape = '') => crossesItself(spread([shape]).map(toText)),
  distance: (...shape) => distanceOf(spread(shape).map(toText)),
};

export const functions: Readonly<Record<string, Fn>> = {
  ...strings,
  ...booleans,
  ...arithmetic,
  ...dates,
  ...choices,
  ...nodeSets,
};
