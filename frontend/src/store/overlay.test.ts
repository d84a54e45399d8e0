/** Rules C2 and C3 of docs/sync.md: what the phone shows while its own visits are under way. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge } from '@/protocol/merge';
import type { LiveValue, Op, Submission } from '@/protocol/types';
import { overlaysOf, type Pending } from './overlay';

const MEI = 'mei';

function visit(id: string, ops: Partial<Op>[], isNew = false): Pending {
  const submission = {
    id,
    at: '2026-11-02T09:00:00+08:00',
    on: '2026-11-02',
    area: '379901001001',
    entities: [{ e: MEI, t: 'client', new: isNew }],
    ops: ops.map((op) => ({ e: MEI, r: 'phone', v: '1', sup: [], ...op })),
  } as unknown as Submission;
  return { scope: 'health', author: '王芳', submission };
}

test('a person known to neither the server’s copy nor a pending visit doesn’t come back in pieces', () => {
  const pending = [visit('a', [{}])];
  expect(overlaysOf(pending, () => false).size).toBe(0);
  expect(overlaysOf(pending, () => true).size).toBe(1);
  expect(overlaysOf([visit('a', [{}], true), visit('b', [{}])], () => false).size).toBe(1);
});

test('the worker’s second answer replaces the first while both wait', () => {
  const pending = [visit('a', [{ v: '138' }], true), visit('b', [{ v: '139', sup: ['a:0'] }])];
  const overlay = overlaysOf(pending, () => false).get(MEI);
  const { live } = merge('one', overlay?.writes.phone ?? [], overlay?.superseded ?? new Set());
  expect(live).toMatchObject([
    { v: '139', dot: 'b:0', by: '王芳', at: '2026-11-02T01:00:00.000Z' },
  ]);
});

test('overlays dropped in order of finishing never bring an old answer back', () => {
  const chain = fc.integer({ min: 1, max: 6 }).chain((length) =>
    fc.record({
      length: fc.constant(length),
      arrived: fc.integer({ min: 0, max: length }),
      dropped: fc.integer({ min: 0, max: length }),
    }),
  );
  fc.assert(
    fc.property(chain, ({ length, arrived, dropped }) => {
      const visits = Array.from({ length }, (_, i) =>
        visit(`v${i}`, [{ v: `${i}`, sup: i ? [`v${i - 1}:0`] : [] }], i === 0),
      );
      // The base has what arrived; an overlay goes only after that.
      const last = arrived - 1;
      const base: LiveValue[] =
        arrived > 0 ? [{ v: `${last}`, dot: `v${last}:0`, on: '', at: '', by: '' }] : [];
      const pending = visits.slice(Math.min(dropped, arrived));
      const overlay = overlaysOf(pending, () => base.length > 0).get(MEI);
      const writes = [...base, ...(overlay?.writes.phone ?? [])];
      const { shown, conflict } = merge('one', writes, overlay?.superseded ?? new Set());
      expect(shown).toBe(`${length - 1}`);
      expect(conflict).toBe(false);
    }),
  );
});
