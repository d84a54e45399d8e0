import { expect, test } from 'vitest';
import type { Catalogue, EntityView, LiveValue, Program, Registry } from '@/protocol/types';
import { conflictsOf, factsOf, relatedTo, rootOf } from './record';
import { daysBetween } from './tasks';
import { registerWords, typeOf } from './words';

const antenatal: Program = {
  id: 'antenatal',
  scope: 'health',
  title: { zh: '孕产随访' },
  types: {
    client: {
      label: { zh: '服务对象' },
      scope: 'health',
      area: 'area_code',
      title: ['s', ''],
      search: [],
      props: {
        full_name: { label: { zh: '姓名' }, kind: 'one' },
        sex: { label: { zh: '性别' }, kind: 'one', list: 'sex' },
        dob: { label: { zh: '出生日期' }, kind: 'one' },
        area_code: { label: { zh: '村居' }, kind: 'one' },
      },
      computed: {},
    },
    pregnancy: {
      label: { zh: '孕产记录' },
      scope: 'health',
      root: 'person',
      title: ['s', ''],
      search: [],
      props: {
        person: { label: { zh: '人' }, kind: 'one' },
        edd: { label: { zh: '预产期' }, kind: 'one', group: 'dating' },
        edd_source: { label: { zh: '来源' }, kind: 'one', group: 'dating', list: 'src' },
        id_no: { label: {}, kind: 'one' },
        slots: { label: { zh: '产检' }, kind: 'union', list: 'slot' },
      },
      computed: {},
    },
  },
  lists: {
    sex: { '1': ['男', 'Male'], '2': ['女', 'Female'] },
    src: { us: ['早孕超声', 'Ultrasound'] },
    slot: { '1': ['孕13周前', 'Before 13 w'], '2': ['16-20周', '16-20 w'] },
  },
  derive: [],
  schedule: [],
};
const noise: Program = { ...antenatal, id: 'rental', scope: 'housing', types: {} };
const catalogue: Catalogue = { hash: '', programs: [noise, antenatal], forms: [] };

const live = (v: LiveValue['v'], by: string, on: string): LiveValue => ({
  v,
  by,
  on,
  at: `${on}T01:00:00.000Z`,
  dot: `${by}:0`,
});
function entity(id: string, type: string, props: Record<string, string>, on: string): EntityView {
  const values = Object.entries(props).map(([prop, v]) => [prop, [live(v, '王芳', on)]]);
  return {
    id,
    type,
    scope: 'health',
    areas: ['379901001001'],
    title: props.full_name ?? id,
    props,
    live: Object.fromEntries(values),
    conflicts: [],
    pending: false,
  };
}
const mei = entity(
  'mei',
  'client',
  { full_name: '张小梅', sex: '2', dob: '1996-03-04', area_code: '379901001001' },
  '2026-01-01',
);
const liu = entity('liu', 'client', { full_name: '刘春燕' }, '2026-01-01');
const first = entity('p1', 'pregnancy', { person: 'mei', edd: '2024-01-20' }, '2023-08-01');
const second = entity(
  'p2',
  'pregnancy',
  { person: 'mei', edd: '2027-01-20', slots: '1 2' },
  '2026-08-01',
);
const others = entity('p3', 'pregnancy', { person: 'liu' }, '2026-08-01');
const all = [mei, liu, first, second, others];
const registry: Registry = {
  get: (id) => all.find((it) => it.id === id),
  list: (type) => all.filter((it) => it.type === type),
  find: (type, prop, value) => all.filter((it) => it.type === type && it.props[prop] === value),
  search: () => [],
  items: () => [],
};
function known(type: string) {
  const found = typeOf(catalogue, 'health', type);
  if (!found) throw new Error(type);
  return found;
}

test('codes read as words and days as days; area and root are told elsewhere', () => {
  const facts = factsOf(known('client'), registry, mei).map(({ label, text }) => [label, text]);
  expect(facts).toEqual([
    ['性别', '女'],
    ['出生日期', '1996年3月4日'],
  ]);
  const pregnancy = factsOf(known('pregnancy'), registry, second);
  expect(pregnancy.map(({ prop }) => prop)).toEqual(['edd', 'slots']);
  expect(pregnancy[1]?.text).toBe('孕13周前、16-20周');
});

test('facts stand in the order in which they are asked', () => {
  const asked = factsOf(known('client'), registry, mei, ['dob', 'sex', 'noise']);
  expect(asked.map(({ prop }) => prop)).toEqual(['dob', 'sex']);
});

test('what hangs from 张小梅 is hers alone, newest first', () => {
  const [group, ...rest] = relatedTo(catalogue, registry, 'health', mei);
  expect(rest).toEqual([]);
  expect(group?.entities.map(({ id }) => id)).toEqual(['p2', 'p1']);
  expect(rootOf(catalogue, registry, 'health', second)?.id).toBe('mei');
  expect(rootOf(catalogue, registry, 'health', mei)).toBeUndefined();
});

test('a type of one scope is unknown in the other', () => {
  expect(typeOf(catalogue, 'housing', 'client')).toBeUndefined();
});

test('a conflict shows both values, each with who and when', () => {
  const disputed: EntityView = {
    ...second,
    conflicts: ['dating'],
    live: {
      dating: [
        live({ edd: '2027-01-20', edd_source: 'us' }, '王芳', '2026-08-01'),
        live({ edd: '2027-02-01' }, '陈静', '2026-08-03'),
      ],
    },
  };
  const [conflict] = conflictsOf(known('pregnancy'), disputed);
  expect(conflict?.label).toBe('预产期、来源');
  expect(conflict?.values.map(({ text, by }) => [text, by])).toEqual([
    ['预产期 2027年1月20日；来源 早孕超声', '王芳'],
    ['预产期 2027年2月1日', '陈静'],
  ]);
});

test('what its writer is not to see again is shown nowhere, not even before it was sent', () => {
  const typed: EntityView = {
    ...entity('p4', 'pregnancy', { person: 'mei', id_no: '379901199001010015' }, '2026-08-01'),
    conflicts: ['id_no'],
  };
  expect(factsOf(known('pregnancy'), registry, typed)).toEqual([]);
  expect(conflictsOf(known('pregnancy'), typed)).toEqual([]);
});

test('a value taken back reads as a dash, an unknown code as itself', () => {
  expect(registerWords(known('client'), 'sex', null)).toBe('—');
  expect(registerWords(known('client'), 'sex', '9')).toBe('9');
});

test('days are whole, over the end of a year and of a month', () => {
  expect(daysBetween('2026-12-30', '2027-01-02')).toBe(3);
  expect(daysBetween('2026-03-01', '2026-02-28')).toBe(-1);
});
