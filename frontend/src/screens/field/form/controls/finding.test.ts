/** A town is found among thousands as 王芳 types it. */
import { expect, test } from 'vitest';
import { initials } from '@/store/initials';
import { spent } from '../../../../../tests/spent';
import { found } from './finding';
import { codesOf, toggled } from './many';

const towns = ['柳林镇', '桃源镇', '石桥镇', '青山镇', '河口镇', 'Hekou 2'].map((label, at) => ({
  value: `t${at}`,
  label,
}));
const labels = (text: string) => found(towns, text, initials).map((it) => it.label);

test('by part of the name, by initials, by Latin letters', () => {
  expect(labels('桥')).toEqual(['石桥镇']);
  expect(labels('tyz')).toEqual(['桃源镇']);
  expect(labels('HEKOU')).toEqual(['Hekou 2']);
  expect(labels('  ')).toHaveLength(6);
  expect(labels('xyz')).toEqual([]);
});

test('what begins as typed comes before what only contains it', () => {
  expect(labels('h')[0]).toBe('Hekou 2');
  expect(labels('山')).toEqual(['青山镇']);
});

test('the table of initials may come after the first key', () => {
  const list = [...towns];
  expect(found(list, 'tyz', null)).toEqual([]);
  expect(found(list, 'tyz', initials).map((it) => it.label)).toEqual(['桃源镇']);
});

test('five thousand records are searched well within a frame on this machine', () => {
  const many = Array.from({ length: 5000 }, (_, at) => ({
    value: `v${at}`,
    label: `${'王李张刘陈'[at % 5]}${'秀桂玉梅红'[at % 7] ?? '兰'}${at}号`,
  }));
  found(many, 'wx', initials);
  const begin = spent();
  for (const text of ['w', 'wx', '王秀', '4999']) found(many, text, initials);
  expect((spent() - begin) / 4).toBeLessThan(50);
});

test('several choices stay in the order of the list, however they were ticked', () => {
  const once = toggled(codesOf(''), 't3', towns);
  expect(toggled(codesOf(once), 't1', towns)).toBe('t1 t3');
  expect(toggled(codesOf('t1 t3'), 't1', towns)).toBe('t3');
});
