import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test } from 'vitest';
import { createPepper, createVault } from '@/crypto/vault';
import type { StoredDraft } from '@/protocol/types';
import { Drafts } from './drafts';
import { Database } from './idb';
import { FIELD, Sealer } from './sealed';
import 'fake-indexeddb/auto';

let drafts: Drafts;
/** Deciphering ends when it may. */
let mayEnd: Promise<void>;

beforeEach(async () => {
  const secrets = { pin: '739415', password: null };
  const { vault, key } = await createVault('v1', secrets, await createPepper());
  const sealer = new Sealer(vault.id, key, key);
  const { open } = sealer;
  sealer.open = async (...args) => {
    await mayEnd;
    return open.apply(sealer, args) as never;
  };
  mayEnd = Promise.resolve();
  drafts = new Drafts(
    new Database(FIELD, new IDBFactory()),
    sealer,
    () => crypto.randomUUID(),
    () => undefined,
    () => false,
  );
});

const draft = (id: string, title: string): StoredDraft =>
  ({ id, title, updated: title, draft: { answers: {} } }) as unknown as StoredDraft;
const titles = () =>
  drafts
    .list()
    .map(({ title }) => title)
    .sort();

/** Loading, while `meanwhile` happens between reading and deciphering. */
async function loadWhile(meanwhile: () => Promise<void>): Promise<void> {
  let end: () => void = () => undefined;
  mayEnd = new Promise((resolve) => {
    end = resolve;
  });
  const loading = drafts.load();
  await meanwhile();
  end();
  await loading;
}

test('what was saved while the drafts were read stays in sight as it is', async () => {
  await drafts.save(draft('d1', '张小梅'));
  await loadWhile(async () => {
    await drafts.save(draft('d1', '张小梅二'));
    await drafts.save(draft('d2', '刘春燕'));
  });
  expect(titles()).toEqual(['刘春燕', '张小梅二'].sort());
});

test('and what was thrown away meanwhile stays away', async () => {
  await drafts.save(draft('d1', '张小梅'));
  await loadWhile(() => drafts.remove('d1'));
  expect(titles()).toEqual([]);
});

test('only a draft nobody went on with is let go of for its age', async () => {
  await drafts.save(draft('d1', '张小梅'));
  await drafts.save(draft('d1', '张小梅二'));
  expect(await drafts.removeUntouched({ id: 'd1', updated: '张小梅' })).toBe(false);
  expect(titles()).toEqual(['张小梅二']);
  expect(await drafts.removeUntouched({ id: 'd1', updated: '张小梅二' })).toBe(true);
  expect(titles()).toEqual([]);
});
