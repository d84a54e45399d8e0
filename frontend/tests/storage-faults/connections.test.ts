/** Storage that never opens, opens late, or is closed by the system; and two tabs of one phone that do everything at once. */
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client } from '@/protocol/types';
import { Database, type Schema } from '@/store/idb';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  type Server,
  startServer,
  synced,
  type TestPhone,
} from '../real-server/phone';
import { clients, consentOf, register, states } from '../real-server/stories';

const SCHEMA: Schema = {
  name: 'doors',
  version: 1,
  upgrade: (db) => void db.createObjectStore('a', { keyPath: 'key' }),
};

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** Every connection that was opened, and a way to hold openings back. */
function watched(factory: IDBFactory) {
  const opened: IDBDatabase[] = [];
  const held: (() => void)[] = [];
  const watch = {
    opened,
    held,
    hold: false,
    letGo: () => held.splice(0).forEach((go) => void go()),
  };
  const open = factory.open.bind(factory);
  factory.open = ((name: string, version?: number) => {
    const real = open(name, version);
    const shown = new Proxy(real, {
      get: (target, key) => Reflect.get(target, key),
      set: (target, key, value) => {
        if (key !== 'onsuccess') return Reflect.set(target, key, value);
        target.onsuccess = (event) => {
          opened.push(target.result);
          if (watch.hold) held.push(() => value(event));
          else value(event);
        };
        return true;
      },
    });
    return shown;
  }) as typeof factory.open;
  return watch;
}

describe('opening', () => {
  test('that never ends is told after a while, and works as soon as it works', async () => {
    const factory = new IDBFactory();
    const watch = watched(factory);
    const db = new Database(SCHEMA, factory, 30);
    watch.hold = true;
    await expect(db.write(['a'], (tx) => tx.put('a', { key: 'x' }))).rejects.toMatchObject({
      key: 'storage_broken',
    });
    watch.hold = false;
    await db.write(['a'], (tx) => tx.put('a', { key: 'x' }));
    expect(await db.read(['a'], (tx) => tx.all('a'))).toEqual([{ key: 'x' }]);
  });

  test('that ends too late leaves no connection to stand in the way of an update', async () => {
    const factory = new IDBFactory();
    const watch = watched(factory);
    const db = new Database(SCHEMA, factory, 30);
    watch.hold = true;
    await expect(db.read(['a'], (tx) => tx.all('a'))).rejects.toThrow();
    watch.letGo();
    watch.hold = false;
    const newer = new Database({ ...SCHEMA, version: 2, upgrade: () => undefined }, factory, 1000);
    expect(await newer.read(['a'], (tx) => tx.all('a'))).toEqual([]);
  });

  test('by a newer version in another tab closes ours, and ours says so instead of hanging', async () => {
    const factory = new IDBFactory();
    const older = new Database(SCHEMA, factory, 1000);
    await older.write(['a'], (tx) => tx.put('a', { key: 'x' }));
    const newer = new Database({ ...SCHEMA, version: 2, upgrade: () => undefined }, factory, 1000);
    expect(await newer.read(['a'], (tx) => tx.all('a'))).toEqual([{ key: 'x' }]);
    await expect(older.read(['a'], (tx) => tx.all('a'))).rejects.toMatchObject({
      key: 'storage_broken',
    });
  });

  test('that the system ended while nobody looked is done again without anybody noticing', async () => {
    const [phone] = await enrolled(server.url, 'wang');
    phone.off();
    phone.weather = noSignal;
    const watch = watched(phone.factory);
    const again = await phone.open();
    await again.unlock(PIN);
    const title = '关上';
    const input = await fill(again, 'consent_record', consentOf(title, '13800000001'), { title });
    for (const db of watch.opened) forceCloseDatabase(db as never);
    await again.finish(input);
    expect(again.outbox().map((item) => item.title)).toEqual([title]);
    expect(again.drafts()).toEqual([]);
  });
});

async function tabs(): Promise<[TestPhone, Client, Client]> {
  const [phone, one] = await enrolled(server.url, 'wang');
  const two = await phone.open();
  await two.unlock(PIN);
  return [phone, one, two];
}

describe('two tabs', () => {
  test('finish visits at the same time: each is there once, numbered once, and sent once', async () => {
    const [phone, one, two] = await tabs();
    const names = Array.from({ length: 12 }, (_, i) => `并${i}`);
    await Promise.all(
      names.map((name, i) => register(i % 2 ? one : two, name, `138000001${10 + i}`)),
    );
    await synced(one, two, one);
    const again = await phone.restart();
    await again.unlock(PIN);
    await synced(again);
    const numbers = again.outbox().map(({ n }) => n);
    expect([...numbers].sort((a, b) => a - b)).toEqual(names.map((_, i) => i + 1));
    expect(new Set(states(again))).toEqual(new Set(['sent']));
    for (const name of names)
      expect(clients(again).filter(({ title }) => title === name)).toHaveLength(1);
  });

  test('finish the same draft at the same time: one visit', async () => {
    const [, one, two] = await tabs();
    const draftId = newId();
    const about = { draftId, title: '同一份' };
    const answers = consentOf('同一份', '13800000131');
    const input = await fill(one, 'consent_record', answers, about);
    await two.syncNow();
    const same = await fill(two, 'consent_record', answers, about);
    await Promise.allSettled([one.finish(input), two.finish(same)]);
    await synced(one, two);
    expect(one.outbox().filter(({ title }) => title === '同一份')).toHaveLength(1);
    expect(clients(one).filter(({ title }) => title === '同一份')).toHaveLength(1);
    expect(one.drafts()).toEqual([]);
  });

  test('sync at the same time: one at a time, and a page is never applied half', async () => {
    const [phone, one, two] = await tabs();
    const [, li] = await enrolled(server.url, 'li');
    for (let i = 0; i < 4; i += 1) {
      await register(li, `对面${i}`, `1380000014${i}`);
      await synced(li);
      await Promise.all([
        one.syncNow(),
        two.syncNow(),
        register(one, `这边${i}`, `1380000015${i}`),
      ]);
    }
    await synced(one, two);
    expect(
      clients(one)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(
      clients(two)
        .map(({ id }) => id)
        .sort(),
    );
    expect(phone.requests).not.toContain('/api/sync/manifest');
    expect(one.sync()).toMatchObject({ unsent: 0, error: null });
  });
});
