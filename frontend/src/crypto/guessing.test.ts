import { expect, test } from 'vitest';
import { reachOf } from './guessing';

const DAY = 24 * 3600_000;
const AT = Date.UTC(2026, 10, 27);
const after = (days: number, seen = 0, lease: number | undefined = 14) =>
  reachOf({ at: AT, seen: AT + seen * DAY }, lease, AT + days * DAY);

test('locked after the lease, over after thirty days', () => {
  expect([0, 14, 14.1, 30, 30.1].map((days) => after(days))).toEqual([
    'near',
    'near',
    'locked',
    'locked',
    'over',
  ]);
});

test('a longer lease, or none, keeps nothing longer', () => {
  expect([29, 31].map((days) => after(days, 0, 90))).toEqual(['near', 'over']);
  const without = (days: number) => reachOf({ at: AT, seen: AT }, undefined, AT + days * DAY);
  expect([29, 31].map(without)).toEqual(['near', 'over']);
});

test('the latest time ever seen counts, whatever the clock says now', () => {
  const years = [-50, -1, 0, 1, 50].map((n) => n * 365);
  expect(years.map((days) => after(days, 31))).toEqual(Array(5).fill('over'));
  expect(years.map((days) => after(days, 15))).toEqual([
    'locked',
    'locked',
    'locked',
    'over',
    'over',
  ]);
  expect(after(-50 * 365)).toBe('near');
});
