/** What an answer may replace: stories about one register, the phone number or the weight of 张小梅. */
import { describe, expect, test } from 'vitest';
import type { MergeKind } from './merge';
import { registerKey, type Source } from './sources';
import { buildOps, type OpsInput, type Original } from './submission';
import type { LiveValue, RegisterValue } from './types';

const MEI = '6f9d0f7e-0000-4000-8000-000000000001';
const ASKED: Source = { asked: true, shown: true, touched: true };

const live = (dot: string, v: RegisterValue, on = '2026-11-01'): LiveValue => ({
  ...{ dot, v, on, by: '李娜' },
  at: `${on}T01:00:00.000Z`,
});

interface Story {
  kind?: MergeKind;
  seen?: LiveValue[];
  now?: LiveValue[];
  source?: Source | null;
  answer?: RegisterValue;
  original?: Original;
}

function opsOf({
  kind = 'one',
  seen = [],
  now = seen,
  source = ASKED,
  answer = '139',
  original,
}: Story) {
  const write = answer === null ? [] : [{ e: MEI, r: 'phone', v: answer }];
  const input: OpsInput = {
    derived: { on: null, entities: [{ e: MEI, t: 'client', new: false }], writes: write },
    on: '2026-11-02',
    sources: new Map(source ? [[registerKey(MEI, 'phone'), source]] : []),
    known: { kind: () => kind, seen: () => seen, now: () => now },
    original: original ?? null,
  };
  return buildOps(input).map(({ v, sup }) => ({ v, sup }));
}

describe('a register that shows one value', () => {
  test('nothing known: the answer replaces nothing', () => {
    expect(opsOf({})).toEqual([{ v: '139', sup: [] }]);
  });
  test('shown and changed: the shown value goes', () => {
    expect(opsOf({ seen: [live('a:1', '138')] })).toEqual([{ v: '139', sup: ['a:1'] }]);
  });
  test('shown and left alone: no op', () => {
    const source = { ...ASKED, touched: false };
    expect(opsOf({ seen: [live('a:1', '139')], source })).toEqual([]);
  });
  test('shown, retyped the same: no op', () => {
    expect(opsOf({ seen: [live('a:1', '139')] })).toEqual([]);
    expect(opsOf({ seen: [live('a:1', ' 139 ')] })).toEqual([]);
  });
  test('left alone while somebody else’s value arrived: still no op', () => {
    const seen = [live('a:1', '139')];
    const source = { ...ASKED, touched: false };
    expect(opsOf({ seen, now: [live('b:1', '137')], source })).toEqual([]);
  });
  test('changed while somebody else’s value arrived: only what was shown goes', () => {
    const now = [live('b:1', '137')];
    expect(opsOf({ seen: [live('a:1', '138')], now })).toEqual([{ v: '139', sup: ['a:1'] }]);
  });
  test('asked without being shown: nothing goes but the very same value', () => {
    const source = { ...ASKED, shown: false };
    expect(opsOf({ seen: [live('a:1', '138')], source })).toEqual([{ v: '139', sup: [] }]);
    expect(opsOf({ seen: [live('a:1', '139')], source })).toEqual([{ v: '139', sup: ['a:1'] }]);
  });
  test('computed: what it was computed from goes, and nothing if it came out the same', () => {
    const seen = [live('a:1', '138')];
    expect(opsOf({ seen, source: null })).toEqual([{ v: '139', sup: ['a:1'] }]);
    expect(opsOf({ seen: [live('a:1', '139')], source: null })).toEqual([]);
  });
});

describe('a conflict', () => {
  const seen = [live('b:1', '137'), live('a:1', '138')];
  test('asked again and answered anew settles it whole', () => {
    expect(opsOf({ seen })).toEqual([{ v: '139', sup: ['b:1', 'a:1'] }]);
  });
  test('asked again and answered as shown settles it too', () => {
    expect(opsOf({ seen, answer: '137' })).toEqual([{ v: '137', sup: ['b:1', 'a:1'] }]);
  });
  test('left alone stays open', () => {
    const source = { ...ASKED, touched: false };
    expect(opsOf({ seen, answer: '137', source })).toEqual([]);
  });
  test('a value computed over it leaves the one that wasn’t used', () => {
    expect(opsOf({ seen, source: null })).toEqual([{ v: '139', sup: ['b:1'] }]);
  });
  test('a third value that came since stays open', () => {
    expect(opsOf({ seen, now: [...seen, live('c:1', '136')] })[0]?.sup).toEqual(['b:1', 'a:1']);
  });
});

describe('a register of the latest value', () => {
  const kind = 'latest';
  test('every copy dated no later goes, one dated later stays', () => {
    const now = [
      live('z:1', '60', '2026-11-03'),
      live('b:1', '58'),
      live('a:1', '57', '2026-10-01'),
    ];
    expect(opsOf({ kind, seen: now, now })).toEqual([{ v: '139', sup: ['b:1', 'a:1'] }]);
  });
  test('the same value asked anew is news: it has a new date', () => {
    expect(opsOf({ kind, seen: [live('a:1', '139')] })).toEqual([{ v: '139', sup: ['a:1'] }]);
  });
  test('left alone it isn’t', () => {
    const source = { ...ASKED, touched: false };
    expect(opsOf({ kind, seen: [live('a:1', '139')], source })).toEqual([]);
  });
});

test('codes shown together and left alone write nothing; one taken out replaces all that were shown', () => {
  const seen = [live('b:1', 'x'), live('a:1', 'y z')];
  const left = { ...ASKED, touched: false };
  expect(opsOf({ kind: 'union', seen, answer: 'x y z', source: left })).toEqual([]);
  expect(opsOf({ kind: 'union', seen, answer: 'x z' })).toEqual([
    { v: 'x z', sup: ['b:1', 'a:1'] },
  ]);
});

describe('a correction', () => {
  const old = (v: string, ops = [{ e: MEI, r: 'phone', v, sup: [] as string[] }]): Original => ({
    id: 'first',
    writes: [{ e: MEI, r: 'phone', v }],
    shown: [{ e: MEI, r: 'phone', v }],
    ops,
  });
  test('replaces the original’s own write', () => {
    expect(opsOf({ original: old('138') })).toEqual([{ v: '139', sup: ['first:0'] }]);
  });
  test('knows it from the copy when the original has left the phone', () => {
    const now = [live('first:4', '138'), live('other:1', '137')];
    expect(opsOf({ now, original: old('138', []) })).toEqual([{ v: '139', sup: ['first:4'] }]);
  });
  test('says nothing about what stayed the same', () => {
    expect(opsOf({ original: old('139') })).toEqual([]);
  });
  test('takes back what is no longer answered', () => {
    expect(opsOf({ answer: null, original: old('138') })).toEqual([{ v: null, sup: ['first:0'] }]);
  });
  test('leaves a secret that was not shown again as it was sent', () => {
    expect(opsOf({ answer: null, original: { ...old('138'), shown: [] } })).toEqual([]);
  });
  test('of a correction replaces what still stands from the first', () => {
    const now = [live('zero:2', '138')];
    expect(opsOf({ now, original: old('138', []) })).toEqual([{ v: '139', sup: ['zero:2'] }]);
  });
});
