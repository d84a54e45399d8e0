/** 王芳's copy of the village while it comes page by page over a line that breaks. */
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test } from 'vitest';
import { createPepper, createVault } from '@/crypto/vault';
import type { FormDefinition, WireChange, WireSid } from '@/protocol/types';
import { Base, type Cursor, type FeedChange, readSealed } from './base';
import { Database } from './idb';
import { type Beginning, Knowledge, Phone, type Profile } from './phone';
import { FIELD, Sealer } from './sealed';
import 'fake-indexeddb/auto';

const [MEI, YAN] = ['1eb3bd8a-6a39-4d2b-9d7e-4b1f5ba0c0a1', '2eb3bd8a-6a39-4d2b-9d7e-4b1f5ba0c0a2'];
const SIDS: WireSid[] = [['6d5d0f3e-0000-4000-8000-000000000000', '李娜', '2026-11-02', 'f']];
let db: Database;
let sealer: Sealer;
let base: Base;
let phone: Phone;

const beginning = (vault: string, cursors: Cursor[] = []): Beginning =>
  ({
    ...{ lock: { vault: { id: vault }, user: 'wang' }, keepsDrafts: false, cursors },
    profile: { key: 'profile', sealed: new ArrayBuffer(0) },
  }) as unknown as Beginning;

beforeEach(async () => {
  db = new Database(FIELD, new IDBFactory());
  const { vault, key } = await createVault(
    'v1',
    { pin: '739415', password: null },
    await createPepper(),
  );
  sealer = new Sealer(vault.id, key, key);
  phone = new Phone(db);
  await phone.begin(beginning(vault.id));
  base = new Base(db, sealer);
  await base.apply([page('east', 'e1', 2, [up(MEI, '张小梅'), up(YAN, '刘春燕')])], true);
  await base.apply([page('west', 'e1', 0, [])], true);
});

const up = (e: string, name: string): WireChange => ({
  ...{ k: 'up', e, t: 'client', s: 'health', a: [], ver: name },
  f: { full_name: [[name, 0, 0, '2026-11-02']] },
});
const leave = (e: string): WireChange => ({ k: 'leave', e });

function page(feed: string, epoch: string, seq: number, changes: WireChange[]): FeedChange {
  return { cursor: { feed, epoch, seq, view: 'v' }, reset: false, changes, sids: SIDS };
}
const anew = (changes: WireChange[]): FeedChange => ({
  ...page('east', 'e2', 1, changes),
  reset: true,
});

/** What it shows, now and after the phone was off. */
async function shown(): Promise<string[]> {
  const now = [...base.entities()].map(([, held]) => held.f.full_name?.[0]?.[0] as string).sort();
  base = new Base(db, sealer);
  await base.load();
  expect([...base.entities()].map(([, held]) => held.f.full_name?.[0]?.[0]).sort()).toEqual(now);
  return now;
}

test('of a feed that begins anew nobody is missed until it is whole', async () => {
  await base.apply([anew([up(YAN, '刘春燕二')])], false);
  expect(await shown()).toEqual(['刘春燕二', '张小梅'].sort());
  expect([...base.versions('east')]).toEqual([[YAN, '刘春燕二']]);
  await base.apply([page('east', 'e2', 2, [])], true);
  expect(await shown()).toEqual(['刘春燕二']);
});

test('a feed that begins anew twice ends as the second time said', async () => {
  await base.apply([anew([up(YAN, '刘春燕二')])], false);
  await base.apply([anew([up(MEI, '张小梅三')])], false);
  expect(await shown()).toEqual(['刘春燕二', '张小梅三'].sort());
  await base.apply([], true);
  expect(await shown()).toEqual(['张小梅三']);
});

test('who moves to the other village is seen until that page is there, once', async () => {
  await base.apply([page('east', 'e1', 3, [leave(MEI)])], false);
  expect(await shown()).toEqual(['刘春燕', '张小梅'].sort());
  expect(base.tally('east').count).toBe(1);
  await base.apply([page('west', 'e1', 1, [up(MEI, '张小梅')])], false);
  expect(await shown()).toEqual(['刘春燕', '张小梅'].sort());
  await base.apply([], true);
  expect(base.versions('east').has(MEI)).toBe(false);
  expect(await shown()).toEqual(['刘春燕', '张小梅'].sort());
});

test('who left for good is forgotten with the last page', async () => {
  await base.apply([page('east', 'e1', 3, [leave(MEI)])], true);
  expect(await shown()).toEqual(['刘春燕']);
});

test('what was read while she typed her PIN counts only if nothing was written since', async () => {
  const early = await readSealed(db);
  const names = async () => {
    const opened = new Base(db, sealer);
    await opened.load(early);
    return [...opened.entities()].map(([, held]) => held.ver).sort();
  };
  expect(await names()).toEqual(['刘春燕', '张小梅'].sort());
  await base.apply([page('east', 'e1', 3, [up(MEI, '张小梅二')])], true);
  expect(await names()).toEqual(['刘春燕', '张小梅二'].sort());
});

test('nor is it good for a phone that was begun anew meanwhile', async () => {
  db = new Database(FIELD, new IDBFactory());
  const early = await readSealed(db);
  const { cursor } = page('east', 'e1', 0, []);
  await new Phone(db).begin(beginning('v1', [cursor]));
  const opened = new Base(db, sealer);
  await opened.load(early);
  expect(opened.cursors()).toEqual([cursor]);
});

test.each([
  ['ended', () => phone.end({ why: 'attempts', user: 'wang', rest: null })],
  ['begun anew by somebody else', () => phone.begin(beginning('v2'))],
])('on a phone that was %s a tab still open writes nothing more', async (_, happened) => {
  const knowledge = new Knowledge(db, sealer);
  const late = [
    () => base.apply([page('east', 'e1', 3, [up(MEI, '张小梅二')])], true),
    () => base.drop(['east']),
    () => knowledge.setProfile({ lastFull: '2026-11-02' } as Partial<Profile>),
    () => knowledge.setForm({ id: 'anc_visit', version: '3' } as FormDefinition),
    () => knowledge.files.setMedia('5e1f', new Uint8Array([1])),
    () => phone.setVault('v1', (vault) => vault),
    () => phone.setWork({ vault: 'v1', sealed: new ArrayBuffer(0) }, undefined),
  ];
  await happened();
  const before = await disk();
  for (const write of late) await expect(write()).rejects.toMatchObject({ key: 'phone_locked' });
  expect(await disk()).toEqual(before);
});

const disk = () =>
  db.read(['meta', 'base', 'cursors', 'forms'], (tx) =>
    Promise.all(['meta', 'base', 'cursors', 'forms'].map((store) => tx.all(store))),
  );
