/** The life of a phone: its PIN, its tabs, other hands, a server that lost something, an administrator. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { decode, fromBase64 } from '@/crypto/bytes';
import { ClientError } from '@/protocol/types';
import { BlobShelf } from '@/store/blobs';
import { door, fair } from './hands';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  passwordOf,
  type Server,
  startServer,
  synced,
  TestPhone,
} from './phone';
import { clients, consentOf, register, states } from './stories';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

test('a wrong PIN opens nothing, and guessing takes ever longer, also after a restart', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await register(wang, '张小梅', '13800000001');
  let locked = await phone.restart();
  for (let i = 0; i < 5; i += 1) expect(await locked.unlock(`13579${i}`)).toBe(false);
  locked = await phone.restart();
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'locked', detail: '15' });
  // Setting the clock back doesn't help.
  phone.clock = () => Date.now() - 3_600_000;
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'locked' });
  phone.clock = () => Date.now() + 16_000;
  expect(await locked.unlock(PIN)).toBe(true);
  expect(clients(locked).map(({ title }) => title)).toContain('张小梅');
});

test('weak PINs are not taken', async () => {
  const phone = new TestPhone(server.url);
  const client = await phone.open();
  await client.login('wang', passwordOf('wang'));
  for (const weak of ['12345', '111111', '123456', '987654', 'short']) {
    await expect(client.enrol(weak, 'x')).rejects.toMatchObject({ key: 'pin_weak' });
  }
  expect(client.phase()).toBe('fresh');
  await client.enrol('四个随机的词语在一起', 'x');
  expect(client.phase()).toBe('open');
});

test('wrong credentials are told apart from a bad network', async () => {
  const phone = new TestPhone(server.url);
  const client = await phone.open();
  await expect(client.login('wang', 'nope')).rejects.toMatchObject({ key: 'credentials' });
  phone.weather = noSignal;
  await expect(client.login('wang', 'nope')).rejects.toMatchObject({ key: 'network' });
});

test('a forgotten PIN costs no unsent visit: the log-in password opens the same vault', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '刘春燕', '13800000002');
  phone.weather = (path, init, next) => next(path, init);
  await phone.logOut();
  const locked = await phone.restart();
  await locked.login('wang', passwordOf('wang'));
  expect(locked.phase()).toBe('locked');
  await locked.enrol('864209', '红米 9A');
  expect(states(locked)).toEqual(['sent']);
  const again = await phone.restart();
  expect(await again.unlock(PIN)).toBe(false);
  expect(await again.unlock('864209')).toBe(true);
  expect(clients(again).map(({ title }) => title)).toContain('刘春燕');
});

test('李娜 can’t take over a phone with 王芳’s unsent visits', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '吴桂兰', '13800000003');
  phone.weather = (path, init, next) => next(path, init);
  const locked = await phone.restart();
  await expect(locked.login('li', passwordOf('li'))).rejects.toMatchObject({ key: 'other_user' });
  expect(await locked.unlock(PIN)).toBe(true);
  await synced(locked);
  const free = await phone.restart();
  await free.login('li', passwordOf('li'));
  await free.enrol('864209', '红米 9A');
  expect(free.me().name).toBe('李娜');
  expect(free.outbox()).toEqual([]);
  expect(free.sync()).toMatchObject({ unsent: 0, error: null });
});

test('nor with photos the server has not taken yet, or that cannot be looked at', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (path !== '/api/sync/blob') return answer;
    const told = { ...(await answer.json()), st: 'refused', why: 'full', have: 0 };
    return new Response(JSON.stringify(told), { headers: answer.headers });
  };
  await door(wang);
  await synced(wang);
  phone.weather = fair;
  const locked = await phone.restart();
  await expect(locked.login('li', passwordOf('li'))).rejects.toMatchObject({ key: 'other_user' });
  vi.spyOn(BlobShelf.prototype, 'heads').mockRejectedValue(new ClientError('storage_broken'));
  await expect(locked.login('li', passwordOf('li'))).rejects.toMatchObject({
    key: 'storage_broken',
  });
  // Nobody stays logged in who can't work here.
  expect((await phone.send('/api/session', {})).status).toBe(401);
});

test('somebody else logged in in the same browser does not become the phone’s person', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await wang.syncNow();
  phone.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (path !== '/api/sync/pull' || !answer.ok) return answer;
    phone.weather = fair;
    const told = { ...(await answer.json()), grants_ver: 'other', gained: [], lost: [] };
    const body = JSON.stringify({ username: 'li', password: passwordOf('li') });
    const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
    await phone.send('/api/session', { method: 'POST', headers, body });
    return new Response(JSON.stringify(told), { headers: answer.headers });
  };
  await wang.syncNow();
  expect(wang.me().name).toBe('王芳');
  expect(wang.sync()).toMatchObject({ error: 'session', loginNeeded: true });
});

test('nothing that was captured lies readable in storage', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await register(wang, '赵秀兰', '13800001234');
  await synced(wang);
  phone.weather = noSignal;
  await register(wang, '钱玉珍', '13800005678');
  await fill(wang, 'consent_record', consentOf('孙凤琴', '13800009012'), { title: '孙凤琴' });
  const dump = await everything(phone.factory);
  expect(dump.length).toBeGreaterThan(5_000);
  const private_ = [
    '赵秀兰',
    '钱玉珍',
    '孙凤琴',
    '13800001234',
    '13800005678',
    '13800009012',
    '1996-05-04',
    '王芳',
    '柳林村',
    'full_name',
    '知情同意',
  ];
  for (const secret of private_) expect(dump).not.toContain(secret);
});

test('the exported outbox is sealed to the server, and no PIN opens it elsewhere', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const id = await register(wang, '周玉兰', '13800004321');
  const locked = await phone.restart();
  const text = await (await locked.exportOutbox()).text();
  expect(text).not.toContain('周玉兰');
  const file = JSON.parse(text);
  expect(file.items).toMatchObject([{ id, n: 1, user: expect.any(String) }]);
  expect(file.vault).toMatchObject({ pin: null, password: null });
  // What opens it is the server's business: import.test.ts.
  expect(fromBase64(file.items[0].post).length).toBeGreaterThan(100);
});

test('two tabs: what one finishes the other shows, and each visit is sent once', async () => {
  const [phone, one] = await enrolled(server.url, 'wang');
  const two = await phone.open();
  expect(await two.unlock(PIN)).toBe(true);
  await two.syncNow();
  const pushed: string[] = [];
  phone.weather = async (path, init, next) => {
    if (path !== '/api/sync/push') return next(path, init);
    const { gunzipSync } = await import('node:zlib');
    const raw = Buffer.from(init.body as Uint8Array);
    const message = JSON.parse((raw[0] === 0x1f ? gunzipSync(raw) : raw).toString());
    pushed.push(...message.subs.map(({ id }: { id: string }) => id));
    await new Promise((resolve) => setTimeout(resolve, 30));
    return next(path, init);
  };
  const ids = [
    await register(one, '何秀云', '13800000004'),
    await register(two, '何秀霞', '13800000005'),
    await register(one, '何秀玲', '13800000006'),
  ];
  await Promise.all([synced(one), synced(two), synced(one), synced(two)]);
  expect(pushed.sort()).toEqual(ids.sort());
  for (const tab of [one, two]) {
    await expect.poll(() => states(tab)).toEqual(['sent', 'sent', 'sent']);
    await expect
      .poll(() => clients(tab).filter(({ title, pending }) => title.startsWith('何秀') && !pending))
      .toHaveLength(3);
  }
  expect(new Set(one.outbox().map(({ n }) => n))).toEqual(new Set([1, 2, 3]));
});

test('without Web Locks nothing is sent: two senders would be worse than none', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.locks = false;
  const locked = await phone.restart();
  await locked.unlock(PIN);
  await register(locked, '罗淑芬', '13800000007');
  await synced(locked);
  expect(states(locked)).toEqual(['waiting']);
  expect(wang.phase()).toBe('locked');
});

test('a revoked phone still hands in its work, is told, and keeps nothing', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const device = JSON.parse(await (await wang.exportOutbox()).text()).device;
  await phone.send(`/api/devices/${device}/revoke`, {
    method: 'POST',
    headers: { 'X-FS-Proto': '1' },
  });
  await register(wang, '谢桂英', '13800000008');
  await synced(wang);
  expect(wang.phase()).toBe('fresh');
  expect(wang.ended()).toBe('revoked');
  expect(wang.sync().unsent).toBe(0);
  const [item] = JSON.parse(await (await wang.exportOutbox()).text()).items;
  expect(item).toMatchObject({ state: 'attention', why: 'revoked' });
});

test('a server restored from an old backup gets back what it lost', async () => {
  const home = mkdtempSync(join(tmpdir(), 'fieldapp-restored-'));
  let restored = await startServer(home);
  try {
    const [phone, wang] = await enrolled(restored.url, 'wang');
    const database = join(home, 'fieldapp.sqlite');
    copyAside(database);
    await register(wang, '韩雪梅', '13800000009');
    await synced(wang);
    expect(states(wang)).toEqual(['sent']);
    restored.stop();
    bringBack(database);
    restored = await startServer(home);
    phone.move(restored.url);
    await synced(wang, wang);
    expect(states(wang)).toEqual(['sent']);
    expect(clients(wang).map(({ title, pending }) => [title, pending])).toContainEqual([
      '韩雪梅',
      false,
    ]);
    const [, chen] = await enrolled(restored.url, 'chen');
    expect(clients(chen).map(({ title }) => title)).toEqual(['韩雪梅']);
  } finally {
    restored.stop();
  }
});

function copyAside(database: string): void {
  execFileSync('python3', [
    '-c',
    `import sqlite3,sys; a=sqlite3.connect(sys.argv[1]); b=sqlite3.connect(sys.argv[1]+'.old'); a.backup(b); b.close()`,
    database,
  ]);
}

function bringBack(database: string): void {
  for (const tail of ['-wal', '-shm']) execFileSync('rm', ['-f', database + tail]);
  copyFileSync(`${database}.old`, database);
}

/** Every record of every database as text, binary parts decoded as well as they can be. */
async function everything(factory: IDBFactory): Promise<string> {
  const parts: string[] = [];
  for (const { name = '' } of await factory.databases()) {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = factory.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    for (const store of db.objectStoreNames) {
      const rows = await new Promise<unknown[]>((resolve) => {
        const request = db.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
      });
      parts.push(...rows.map(readable));
    }
    db.close();
  }
  return parts.join('\n');
}

function readable(value: unknown): string {
  if (value instanceof ArrayBuffer) return decode(value);
  if (value && typeof value === 'object' && !(value instanceof CryptoKey)) {
    return Object.entries(value)
      .map(([key, part]) => `${key}=${readable(part)}`)
      .join(';');
  }
  return String(value);
}
