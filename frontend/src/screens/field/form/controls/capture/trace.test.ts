/** 王芳 walks round a vegetable plot: what is written down, and what the sketch shows. */
import { expect, test } from 'vitest';
import { isWellFormed } from '@/forms/check';
import { isDue, metresBetween, type Place, placesOf, pointText, sketch, traceText } from './trace';

const at = (latitude: number, longitude: number, accuracy = 5): Place => ({
  latitude,
  longitude,
  altitude: 12,
  accuracy,
});
const [gate, well, tree] = [at(36.1, 120.3), at(36.1009, 120.3), at(36.1009, 120.3011)] as const;

test('a point is written as ODK writes it, and never with an exponent', () => {
  expect(pointText(gate)).toBe('36.1 120.3 12 5');
  expect(pointText(at(-0.0000004, 0.12345678912, 4.56))).toBe('0 0.1234568 12 4.6');
});

test('a line needs two points, a ring three and its first again at the end', () => {
  expect(traceText([gate], false)).toBe('');
  expect(traceText([gate, well], false)).toBe('36.1 120.3 12 5;36.1009 120.3 12 5');
  expect(traceText([gate, well], true)).toBe('');
  const ring = traceText([gate, well, tree], true);
  expect(ring.split(';')).toHaveLength(4);
  expect(ring.endsWith('36.1 120.3 12 5')).toBe(true);
  expect(isWellFormed('geoshape', ring)).toBe(true);
});

test('a walk that was left is gone on with from the same points', () => {
  expect(placesOf(traceText([gate, well, tree], true), true)).toEqual([gate, well, tree]);
  expect(placesOf(traceText([gate, well], false), false)).toEqual([gate, well]);
  expect(placesOf('', true)).toEqual([]);
});

test('metres are those of the ground', () => {
  expect(metresBetween(gate, well)).toBeCloseTo(100, 0);
  expect(metresBetween(well, tree)).toBeCloseTo(99, 0);
});

test('points come by time or by distance, the first at once, unsure ones never', () => {
  expect(isDue({ seconds: 10 }, gate, undefined, 0)).toBe(true);
  expect(isDue({ seconds: 10 }, well, gate, 9_999)).toBe(false);
  expect(isDue({ seconds: 10 }, well, gate, 10_000)).toBe(true);
  expect(isDue({ metres: 10 }, at(36.10001, 120.3), gate, 60_000)).toBe(false);
  expect(isDue({ metres: 10 }, well, gate, 0)).toBe(true);
  expect(isDue({ metres: 10 }, at(36.2, 120.3, 80), gate, 0)).toBe(false);
});

test('the sketch has north at the top and stays in its box in proportion', () => {
  const [a, b, c] = sketch([gate, well, tree], 300, 160);
  expect(b?.[1]).toBeLessThan(a?.[1] ?? 0);
  expect(c?.[0]).toBeGreaterThan(b?.[0] ?? 0);
  const [wide, high] = [(c?.[0] ?? 0) - (b?.[0] ?? 0), (a?.[1] ?? 0) - (b?.[1] ?? 0)];
  expect(wide / high).toBeCloseTo(0.99, 1);
  for (const [x, y] of sketch([gate, well, tree, at(36.2, 120.9)], 300, 160)) {
    expect(x).toBeGreaterThanOrEqual(11.9);
    expect(x).toBeLessThanOrEqual(288.1);
    expect(y).toBeGreaterThanOrEqual(11.9);
    expect(y).toBeLessThanOrEqual(148.1);
  }
  expect(sketch([gate], 300, 160)).toEqual([[150, 80]]);
});
