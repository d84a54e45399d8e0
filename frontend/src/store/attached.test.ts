/** A list of 5,000 clinics that came with a form: looked into as the form asks, fast enough for each key typed. */
import { expect, test } from 'vitest';
import { createSession } from '@/forms/session';
import type { FormDefinition, FormHost } from '@/protocol/types';
import { spent } from '../../tests/spent';
import { AttachedList } from './attached';

const ROWS = 5000;
const TABLE = {
  columns: ['name', 'label', 'street'],
  rows: Array.from({ length: ROWS }, (_, i) => [
    `c${i}`,
    `第${i}卫生室`,
    i % 7 ? `s${i % 50}` : null,
  ]),
};

const FORM: FormDefinition = {
  ...{ id: 'f', version: '1', program: 'p', scope: 'health', title: ['f'], langs: ['zh'] },
  nodes: [
    { n: 'data', p: -1, k: 'group' },
    { n: 'street', p: 0, k: 'leaf', t: 'string', c: 'input' },
    {
      ...{ n: 'clinic', p: 0, k: 'leaf', t: 'select', c: 'select1' },
      items: {
        ...{ inst: 'clinics', value: 'name', label: 'label' },
        where: ['op', '=', ['path', ['ctx'], ['child', 'street']], ['r', 1]],
      },
    },
    {
      ...{ n: 'label', p: 0, k: 'leaf', t: 'string' },
      calc: [
        'path',
        ['inst', 'clinics'],
        ['child', 'item', ['op', '=', ['path', ['ctx'], ['child', 'name']], ['r', 2]]],
        ['child', 'label'],
      ],
    },
  ],
  ...{ lists: {}, external: [], actions: [], entities: [] },
  attached: { clinics: 'clinics.csv' },
} as FormDefinition;

function hostWith(list: AttachedList): FormHost {
  return {
    ...{ today: () => '2026-11-02', now: () => '2026-11-02T09:00:00.000+08:00', uuid: () => 'u' },
    items: () => list.items,
    find: (_, prop, value) => list.find(prop, value),
    meta: { deviceid: 'd', username: 'wang' },
  };
}

test('a filter by a column and a look-up answer from the index, in no time', () => {
  const list = AttachedList.of(TABLE);
  const session = createSession(FORM, hostWith(list), { lang: 'zh' });
  session.set('street', 's1');
  session.set('clinic', 'c1');
  const began = spent();
  for (let i = 0; i < 50; i++) {
    session.set('street', `s${i}`);
    const options = session.view('clinic').options ?? [];
    expect(options).toHaveLength(list.items.filter(({ street }) => street === `s${i}`).length);
    session.set('clinic', options[0]?.value ?? '');
  }
  expect(spent() - began).toBeLessThan(500);
  expect(session.finish()).toEqual({ street: 's49', clinic: 'c99', label: '第99卫生室' });
});

test('a cell that is not there is no answer to a question for blank ones', () => {
  const list = AttachedList.of({
    columns: ['name', 'more'],
    rows: [
      ['a', ''],
      ['b', null],
    ],
  });
  expect(list.find('more', '')).toEqual([{ name: 'a', more: '' }]);
  expect(list.find('nosuch', '')).toEqual([]);
  expect(list.items[1]).toEqual({ name: 'b' });
});

test.each([{}, { columns: ['a'], rows: [[1]] }, { columns: 'a', rows: [] }])(
  'what is no table is not taken for one',
  (body) => {
    expect(() => AttachedList.of(body)).toThrow();
  },
);
