import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import cases from '../../../tests/contract/merge.json';
import { canonical, checksum, type MergeKind, merge, type Write } from './merge';
import type { RegisterValue } from './types';

type Row = [dot: string, v: RegisterValue, on: string, at: string];
const writeOf = ([dot, v, on, at]: Row): Write => ({ dot, v, on, at });

describe('both languages agree how values merge', () => {
  test.each(cases.merge)('$name', (c) => {
    const got = merge(c.kind as MergeKind, (c.writes as Row[]).map(writeOf), new Set(c.superseded));
    expect(got.live.map((w) => w.dot)).toEqual(c.live);
    expect(got.shown).toEqual(c.shown);
    expect(got.conflict).toBe(c.conflict);
  });

  test.each(cases.canonical)('compared as %j', (c) => {
    expect(canonical(c.v as RegisterValue)).toBe(c.is);
  });

  test.each(cases.checksum)('checksum %j', (c) => {
    expect(checksum(c.versions)).toBe(c.sum);
  });
});

const row = fc.tuple(
  fc.constantFrom('a:0', 'a:1', 'b:0', 'c:10', 'c:9'),
  fc.constantFrom('1', '2', '10', 'x y', 'y', '', null),
  fc.constantFrom('2026-11-01', '2026-11-02'),
  fc.constantFrom('2026-11-01T01:00:00.000Z', '2026-11-02T01:00:00.000Z'),
);

test('王芳 and 李娜 see the same whatever order their visits arrive in', () => {
  const kind = fc.constantFrom<MergeKind>('one', 'latest', 'union', 'min', 'max', 'notes', 'alive');
  const rows = fc.uniqueArray(row, { selector: ([dot]) => dot });
  fc.assert(
    fc.property(kind, rows, fc.infiniteStream(fc.double()), (k, given, order) => {
      const writes = given.map(writeOf);
      const shuffled = [...writes, ...writes]
        .map((w) => ({ w, key: order.next().value as number }))
        .sort((x, y) => x.key - y.key)
        .map(({ w }) => w);
      expect(merge(k, shuffled, new Set(['b:0']))).toEqual(merge(k, writes, new Set(['b:0'])));
    }),
  );
});
