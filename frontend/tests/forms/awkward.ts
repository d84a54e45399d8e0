/**
 * A form with one of everything that is hard: nested and counted repeats, sums over them, filters that look at other
 * answers and at the instance around them, positions, texts with values in them, once(), read-only groups.
 */
import type { Expr, FormDefinition, FormNode } from '@/protocol/types';

const s = (text: string): Expr => ['s', text];
const n = (number: number): Expr => ['n', number];
const r = (node: number, held?: number): Expr =>
  held === undefined ? ['r', node] : ['r', node, held];
const op = (name: string, a: Expr, b: Expr): Expr => ['op', name, a, b];
const f = (name: string, ...args: Expr[]): Expr => ['f', name, ...args];
const prop = (name: string): Expr => ['path', ['ctx'], ['child', name]];

export const NODE = {
  name: 1,
  kind: 2,
  town: 3,
  people: 5,
  who: 6,
  age: 7,
  place: 8,
  pets: 9,
  pet: 10,
  share: 11,
  number: 12,
  total: 13,
  extras: 15,
  extra: 16,
  locked: 17,
  inside: 18,
} as const;

const nodes: FormNode[] = [
  { n: 'data', p: -1, k: 'group' },
  { n: 'name', p: 0, k: 'leaf', t: 'string', c: 'input', l: ['姓名', 'Name'], req: f('true') },
  { n: 'kind', p: 0, k: 'leaf', t: 'select', c: 'select1', items: { list: 'kind' } },
  {
    n: 'town',
    p: 0,
    k: 'leaf',
    t: 'select',
    c: 'select',
    items: { list: 'town', where: op('or', op('=', prop('kind'), r(2)), op('=', r(2), s(''))) },
    l: [{ parts: ['', r(1), '住在哪里？'] }, { parts: ['Where does ', r(1), ' live?'] }],
  },
  { n: 'g', p: 0, k: 'group', rel: op('!=', r(1), s('')) },
  { n: 'people', p: 4, k: 'repeat', l: ['家人', 'Family'], rel: op('!=', r(2), s('b')) },
  { n: 'who', p: 5, k: 'leaf', t: 'string', c: 'input', req: op('>', f('count', r(5, 0)), n(1)) },
  {
    n: 'age',
    p: 5,
    k: 'leaf',
    t: 'int',
    c: 'input',
    rel: op('!=', r(6), s('')),
    con: op('>=', ['.'], n(0)),
    msg: [{ parts: [r(6), '的年龄不对'] }, { parts: ['Not an age for ', r(6)] }],
  },
  {
    n: 'place',
    p: 5,
    k: 'leaf',
    t: 'select',
    c: 'select1',
    items: {
      list: 'town',
      where: op('or', op('!=', r(6), s('王芳')), op('=', prop('kind'), s('a'))),
    },
  },
  { n: 'pets', p: 5, k: 'repeat' },
  { n: 'pet', p: 9, k: 'leaf', t: 'string', c: 'input', rel: op('>', r(7), n(1)), def: 'cat' },
  // A share of the sum over all instances, seen from inside one.
  {
    n: 'share',
    p: 5,
    k: 'leaf',
    t: 'decimal',
    calc: f('round', op('div', r(7), f('sum', r(7, 0))), n(2)),
  },
  { n: 'number', p: 5, k: 'leaf', t: 'int', calc: f('position', r(5)) },
  {
    n: 'total',
    p: 0,
    k: 'leaf',
    t: 'int',
    calc: f('count', [
      'path',
      r(0),
      ['child', 'g'],
      ['child', 'people', op('>', ['path', ['ctx'], ['child', 'age']], n(1))],
      ['child', 'pets'],
    ]),
  },
  { n: 'h', p: 0, k: 'group', ro: op('=', r(2), s('a')), l: ['其他', 'Other'] },
  { n: 'extras', p: 14, k: 'repeat', count: op('+', r(13), n(1)) },
  {
    n: 'extra',
    p: 15,
    k: 'leaf',
    t: 'string',
    c: 'input',
    l: [{ parts: ['第', f('position', r(15)), '项，共', r(13)] }],
  },
  { n: 'locked', p: 14, k: 'leaf', t: 'string', calc: f('once', f('concat', r(1), s('!'))) },
  {
    n: 'inside',
    p: 14,
    k: 'leaf',
    t: 'string',
    c: 'input',
    ro: op('=', r(1), s('0')),
    rel: op('!=', f('jr:choice-name', r(2), r(2)), s('乙')),
  },
  { n: 'meta', p: 0, k: 'group' },
  { n: 'instanceID', p: 19, k: 'leaf', t: 'string', pre: 'uid' },
];

const town = (v: string, kind: string) => ({ v, l: [v, v.toUpperCase()], x: { kind } });

export const awkward: FormDefinition = {
  id: 'awkward',
  version: '1',
  program: 'p',
  scope: 'health',
  title: ['难', 'Awkward'],
  langs: ['zh', 'en'],
  nodes,
  lists: {
    kind: [
      { v: 'a', l: ['甲', 'A'] },
      { v: 'b', l: ['乙', 'B'] },
    ],
    town: [town('x', 'a'), town('y', 'a'), town('z', 'b'), town('none', 'b')],
  },
  external: [],
  actions: [],
  entities: [],
};

/** A form of these nodes under a root, with the lists of the awkward one. */
export function made(nodes: FormNode[], more: Partial<FormDefinition> = {}): FormDefinition {
  return { ...awkward, id: 'made', nodes: [{ n: 'data', p: -1, k: 'group' }, ...nodes], ...more };
}
