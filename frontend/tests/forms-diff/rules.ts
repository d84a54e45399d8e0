/**
 * The disagreements that are excused, each with the test that admits just its class. What they mean and which clause
 * decides them stands in explained.json.
 */

import explained from './explained.json';
import type { Drawn, Type } from './expression';
import { FUNCTIONS } from './vocabulary';

export interface Difference {
  xpath: string;
  head: string;
  kind: Drawn['kind'];
  type: Type;
  /** The arguments, about which all agree. */
  args: { type: Type; value: string; xpath: string }[];
  ours: string;
  theirs: string;
  threw?: string;
  refused?: string;
}

export interface Rule {
  id: string;
  what: string;
  ours: string;
  theirs: string;
  clause: string;
}

type Test = (difference: Difference) => boolean;

const threw =
  (pattern: RegExp): Test =>
  (d) =>
    d.threw !== undefined && pattern.test(d.threw);
const isCall = ({ kind, head }: Difference, ...names: string[]): boolean =>
  kind === 'call' && names.includes(head);
const isOperator = ({ kind, head }: Difference, ...names: string[]): boolean =>
  kind === 'operator' && names.includes(head);
const value = ({ args }: Difference, i: number): string => args[i]?.value ?? '';
const number = (d: Difference, i: number): number => Number(value(d, i) || Number.NaN);

const ISO = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/;
const ASTRAL = /[\u{10000}-\u{10ffff}]/u;
const XPATH_NUMBER = /^\s*-?(\d+\.?\d*|\.\d+)\s*$/;
const EXPONENT = /-?\d(?:\.\d+)?e[+-]\d+/g;

/** Is it a number to JavaScript, and none to XPath? */
const isForeign = (text: string): boolean =>
  text !== '' && !XPATH_NUMBER.test(text) && !Number.isNaN(Number(text));

/** Numbers with an exponent, written out. */
const spelled = (text: string): string =>
  text.replace(EXPONENT, (found) => {
    const places = Number(found) < 1 && Number(found) > -1 ? 20 : 0;
    return places === 0
      ? BigInt(Number(found)).toString()
      : Number(found).toFixed(places).replace(/0+$/, '');
  });

/** Points as they are written without need. */
const withoutZeros = (text: string): string => text.replace(/\.0\b/g, '').replace(/; /g, ';');

const hasExponent = (text: string): boolean => text !== '' && String(Number(text)).includes('e');

/** An argument that is a number and is taken as text here. */
const someNumberAsText = (d: Difference, holds: (text: string) => boolean): boolean => {
  const wanted = FUNCTIONS[d.head]?.split(' ').slice(1) ?? [];
  return d.args.some(({ type, value }, i) => {
    const word = wanted[i] ?? wanted[wanted.length - 1] ?? '';
    return type === 'number' && holds(value) && !/^(number|count|boolean|nodes)/.test(word);
  });
};

const TIME_LETTER = /%[HhMS3]/;
const COUNTS_CHARACTERS = ['string-length', 'substr', 'substring', 'translate', 'regex'];
const RELATIONS = ['<', '<=', '>', '>='];

const TESTS: Record<string, Test> = {
  'impossible-date': threw(/^RangeError: Invalid iso(Day|Month)/),
  'intersects-unknown': threw(/Function 'intersects' is not defined/),
  'union-order': threw(/compareDocumentOrder/),
  'double-minus': (d) => threw(/syntax error/)(d) && d.xpath.includes('--'),
  'position-of-many': threw(/Expected a single node for position/),
  'geo-unreadable': (d) =>
    threw(/does not represent GPS coordinates/)(d) ||
    (/^area\(/.test(d.xpath) && d.ours === '' && d.theirs === '0'),
  'decimal-form': (d) =>
    d.kind === 'leaf' && d.type === 'nodes' && withoutZeros(d.ours) === withoutZeros(d.theirs),
  'time-of-moment': (d) => isCall(d, 'decimal-time') && d.theirs === '' && /T\d/.test(value(d, 0)),
  'empty-sum': (d) => isCall(d, 'sum') && d.ours === '0' && d.theirs === '',
  'date-time-text': (d) =>
    isCall(d, 'date-time') &&
    ((d.ours === '' && d.theirs === 'Invalid Date') ||
      (ISO.test(d.theirs) && Date.parse(d.ours) === Date.parse(d.theirs))),
  'far-years': (d) =>
    isCall(d, 'date', 'date-time') && d.ours === '' && /^[+-]\d{6}-/.test(d.theirs),
  'date-text': (d) =>
    isCall(d, 'date') &&
    ((d.ours === '' && d.theirs === 'Invalid Date') ||
      (ISO.test(d.theirs) && d.theirs.startsWith(`${d.ours}T`))),
  'truth-operand': (d) =>
    isOperator(d, 'and', 'or') &&
    (!/^(true|false)$/.test(d.theirs) ||
      (d.ours === 'true' && d.args.some(({ type }) => type !== 'boolean'))),
  'round-places': (d) => isCall(d, 'round') && !Number.isInteger(number(d, 1)),
  'format-date-letters': (d) => isCall(d, 'format-date') && TIME_LETTER.test(value(d, 1)),
  sunday: (d) =>
    isCall(d, 'format-date', 'format-date-time') && d.ours.replaceAll('Sun', '') === d.theirs,
  'format-number': (d) =>
    isCall(d, 'format-date', 'format-date-time') &&
    (d.args[0]?.type === 'number' || XPATH_NUMBER.test(value(d, 0))) &&
    d.theirs === '',
  'nan-text': (d) =>
    (d.ours.replaceAll('NaN', '') === d.theirs && d.ours.includes('NaN')) ||
    (d.kind === 'call' && someNumberAsText(d, (text) => text === '')),
  exponent: (d) =>
    spelled(d.theirs) === d.ours || (d.kind === 'call' && someNumberAsText(d, hasExponent)),
  'number-of-date': (d) =>
    isCall(d, 'number') && !Number.isNaN(Number(d.ours)) && ISO.test(value(d, 0)),
  'number-text': (d) => d.args.some(({ type, value }) => type !== 'number' && isForeign(value)),
  characters: (d) =>
    isCall(d, ...COUNTS_CHARACTERS) && d.args.some(({ value }) => ASTRAL.test(value)),
  'substring-after': (d) => {
    const [text, part] = [value(d, 0), value(d, 1)];
    const at = text.indexOf(part);
    return isCall(d, 'substring-after') && part.length > 1 && d.theirs === text.slice(at + 1);
  },
  'substring-bounds': (d) =>
    isCall(d, 'substring') && !(number(d, 1) >= 1 && (d.args.length < 3 || number(d, 2) >= 0)),
  'index-cast': (d) =>
    isCall(d, 'substr', 'selected-at') &&
    d.args
      .slice(1)
      .some(
        ({ type, value }) => type === 'boolean' || hasExponent(value) || !XPATH_NUMBER.test(value),
      ),
  'translate-nothing': (d) => isCall(d, 'translate') && value(d, 1) === '',
  'selected-nothing': (d) =>
    isCall(d, 'selected') && value(d, 0).trim() === '' && value(d, 1).trim() === '',
  'predicate-position': (d) => d.type === 'nodes' && /\[.*(position|last|\d).*\]/.test(d.xpath),
  'truth-of-nodes': (d) =>
    isOperator(d, ...RELATIONS) &&
    d.args.some(({ type }) => type === 'nodes') &&
    d.args.some(({ type }) => type === 'boolean'),
  'checklist-bounds': (d) =>
    isCall(d, 'checklist', 'weighted-checklist') &&
    (Number.isNaN(number(d, 0)) ||
      Number.isNaN(number(d, 1)) ||
      d.args
        .slice(2)
        .some(({ type, value }) => type === 'nodes' || !(Number(value || 'NaN') >= 0))),
};

const rules = new Map<string, Rule>(explained.map((rule) => [rule.id, rule]));

export function ruleFor(difference: Difference): Rule | undefined {
  const found = Object.entries(TESTS).find(([, holds]) => holds(difference));
  return found && rules.get(found[0]);
}

export const ruleIds = (): string[] => Object.keys(TESTS);
