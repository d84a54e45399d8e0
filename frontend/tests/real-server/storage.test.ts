/** Disks that are full, connections that die and batteries that end, at every single write. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Client } from '@/protocol/types';
import { Outbox } from '@/store/outbox';
import { door, onItsWay } from './hands';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  type Server,
  startServer,
  synced,
  type TestPhone,
} from './phone';
import { clients, consentOf, register, states } from './stories';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
afterEach(() => vi.restoreAllMocks());

type Fault = 'full disk' | 'aborted at commit' | 'dead connection';
const FAULTS: Fault[] = ['full disk', 'aborted at commit', 'dead connection'];
const MOST_WRITES = 12;

/** The k-th write from now on fails, and all after it; undo by `vi.restoreAllMocks()`. True once it has happened. */
function failAt(k: number, fault: Fault): () => boolean {
  let writes = 0;
  const { put, delete: remove } = IDBObjectStore.prototype;
  const guard = (store: IDBObjectStore) => {
    writes += 1;
    if (writes < k) return;
    if (fault === 'full disk') throw new DOMException('full', 'QuotaExceededError');
    if (fault === 'aborted at commit') queueMicrotask(() => store.transaction.abort());
    else throw new DOMException('lost', 'InvalidStateError');
  };
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    value,
  ) {
    guard(this);
    return put.call(this, value);
  });
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (
    this: IDBObjectStore,
    key,
  ) {
    guard(this);
    return remove.call(this, key);
  });
  return () => writes >= k;
}

const named = (client: Client, name: string) =>
  clients(client).filter(({ title }) => title === name);

describe.each(FAULTS)('%s while finishing', (fault) => {
  test('never says saved when it isn’t, loses nothing, and the second try makes one visit', async () => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    phone.weather = noSignal;
    let reached = true;
    for (let k = 1; reached; k += 1) {
      const name = `${fault.slice(0, 4)}${k}`;
      const input = await fill(wang, 'consent_record', consentOf(name, '13800000001'), {
        title: name,
      });
      const happened = failAt(k, fault);
      const failure = await wang.finish(input).then(
        () => null,
        (error: unknown) => error,
      );
      reached = happened();
      vi.restoreAllMocks();
      expect(k).toBeLessThan(MOST_WRITES);
      if (failure) {
        expect(reached).toBe(true);
        expect(wang.drafts().map(({ title }) => title)).toContain(name);
        await wang.finish(input);
      }
      expect(named(wang, name)).toHaveLength(1);
      expect(wang.outbox().filter(({ title }) => title === name)).toHaveLength(1);
      expect(wang.drafts().map(({ title }) => title)).not.toContain(name);
    }
    phone.weather = (path, init, next) => next(path, init);
    await synced(wang);
    expect(new Set(states(wang))).toEqual(new Set(['sent']));
    expect(wang.sync().unsent).toBe(0);
  });

  test('and the battery ends there: afterwards the visit is a draft or in the outbox, never both or neither', async () => {
    const [phone, first] = await enrolled(server.url, 'wang');
    phone.weather = noSignal;
    let wang = first;
    let reached = true;
    for (let k = 1; reached; k += 1) {
      const name = `${fault.slice(0, 4)}电${k}`;
      const input = await fill(wang, 'consent_record', consentOf(name, '13800000002'), {
        title: name,
      });
      const happened = failAt(k, fault);
      const saved = await wang.finish(input).then(
        () => true,
        () => false,
      );
      reached = happened();
      phone.off();
      vi.restoreAllMocks();
      wang = await reopened(phone);
      const draft = wang.drafts().filter(({ title }) => title === name).length;
      const sent = wang.outbox().filter(({ title }) => title === name).length;
      expect(draft + sent).toBe(1);
      if (saved) expect(sent).toBe(1);
    }
  });
});

async function reopened(phone: TestPhone): Promise<Client> {
  const client = await phone.open();
  expect(await client.unlock(PIN)).toBe(true);
  return client;
}

test.each(FAULTS)(
  '%s between the steps of a page: cursor and copy agree ever after',
  async (fault) => {
    const [, wang] = await enrolled(server.url, 'wang');
    const [phone, li] = await enrolled(server.url, 'li');
    for (let k = 1; k < 14; k += 1) {
      await register(wang, `${fault.slice(0, 4)}页${k}`, '13800000003');
      await synced(wang);
      failAt(k, fault);
      await li.syncNow();
      vi.restoreAllMocks();
      const asked = phone.requests.length;
      await li.syncNow();
      expect(li.sync().error).toBeNull();
      expect(phone.requests.slice(asked)).not.toContain('/api/sync/manifest');
      expect(named(li, `${fault.slice(0, 4)}页${k}`)).toHaveLength(1);
    }
    const before = clients(li).length;
    phone.off();
    const again = await reopened(phone);
    const asked = phone.requests.length;
    await again.syncNow();
    expect(phone.requests.slice(asked)).not.toContain('/api/sync/manifest');
    expect(clients(again)).toHaveLength(before);
  },
);

test('a visit changed after it failed to be saved goes out as changed, once', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const input = await fill(wang, 'consent_record', consentOf('初稿', '13800000004'), {
    title: '初稿',
  });
  // The outbox is written, the draft can't be removed.
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
    throw new DOMException('lost', 'UnknownError');
  });
  await expect(wang.finish(input)).rejects.toMatchObject({ key: 'storage_broken' });
  vi.restoreAllMocks();
  const { draftId } = input;
  const changed = await fill(wang, 'consent_record', consentOf('定稿', '13800000005'), {
    draftId,
    title: '定稿',
  });
  await wang.finish(changed);
  expect(wang.outbox().map(({ title }) => title)).toEqual(['定稿']);
  expect(clients(wang).map(({ title }) => title)).toEqual(expect.arrayContaining(['定稿']));
  expect(named(wang, '初稿')).toEqual([]);
  phone.weather = (path, init, next) => next(path, init);
  await synced(wang);
  expect(states(wang)).toEqual(['sent']);
  expect(named(wang, '定稿')).toHaveLength(1);
});

test('a draft that could not be removed goes on being kept', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const { draftId } = await fill(wang, 'consent_record', consentOf('初稿', '13800000004'), {
    title: '初稿',
  });
  const broken = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
    throw new DOMException('lost', 'UnknownError');
  });
  await expect(wang.removeDraft(draftId)).rejects.toMatchObject({ key: 'storage_broken' });
  broken.mockRestore();
  await fill(wang, 'consent_record', consentOf('定稿', '13800000005'), { draftId, title: '定稿' });
  expect((await reopened(phone)).drafts().map(({ title }) => title)).toEqual(['定稿']);
});

test('an outbox that cannot be looked at lets what is under way end, and troubles nobody', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const { asked, arrive } = onItsWay(phone, '/api/sync/blob');
  await door(wang);
  await asked;
  vi.spyOn(Outbox.prototype, 'all').mockRejectedValueOnce(new DOMException('lost', 'UnknownError'));
  const syncing = wang.syncNow();
  arrive();
  await syncing;
  expect(wang.sync()).toMatchObject({ error: null, unsentBlobs: 0 });
});

test('an outbox that has left before the draft could be removed is corrected, not doubled', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const input = await fill(wang, 'consent_record', consentOf('孙小兰', '13800000006'), {
    title: '孙小兰',
  });
  const remove = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
    throw new DOMException('lost', 'UnknownError');
  });
  await expect(wang.finish(input)).rejects.toMatchObject({ key: 'storage_broken' });
  remove.mockRestore();
  await synced(wang);
  expect(states(wang)).toEqual(['sent']);
  const { draftId } = input;
  const stored = await wang.draft(draftId);
  expect(stored).toBeDefined();
  const answers = structuredClone(input.answers);
  (answers.g_person as Record<string, string>).n_phone = '13800000007';
  await wang.saveDraft({
    ...(stored as NonNullable<typeof stored>),
    updated: new Date().toISOString(),
  });
  await wang.finish({ ...input, answers });
  await synced(wang);
  expect(states(wang)).toEqual(['sent', 'sent']);
  const [lan] = named(wang, '孙小兰');
  expect(named(wang, '孙小兰')).toHaveLength(1);
  expect(lan?.live.phone?.map(({ v }) => v)).toEqual(['13800000007']);
  expect(phone.requests).not.toContain('/api/sync/manifest');
});

test('storage that doesn’t open is told, not waited for', async () => {
  const { Database } = await import('@/store/idb');
  const hanging = { open: () => ({}) } as unknown as IDBFactory;
  const db = new Database({ name: 'x', version: 1, upgrade: () => undefined }, hanging, 20);
  await expect(db.read(['a'], (tx) => tx.all('a'))).rejects.toMatchObject({
    key: 'storage_broken',
  });
});

test('a connection that the system closed is opened again without anybody noticing', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const { transaction } = IDBDatabase.prototype;
  let died = 0;
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
    this: IDBDatabase,
    ...args
  ) {
    died += 1;
    if (died % 2)
      throw new DOMException('Connection to Indexed Database server lost', 'InvalidStateError');
    return transaction.apply(this, args);
  });
  await register(wang, '郭凤英', '13800000008');
  expect(died).toBeGreaterThan(4);
  expect(named(wang, '郭凤英')).toHaveLength(1);
});
