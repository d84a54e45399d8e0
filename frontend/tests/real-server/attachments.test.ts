/** Photos on their way from 王芳's phone to 赵强's desk: cut anywhere, restarted anywhere, on a full phone, never lost. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Bytes, fromBase64, newId } from '@/crypto/bytes';
import type { Client, FinishInput } from '@/protocol/types';
import { BLOBS, BlobShelf } from '@/store/blobs';
import { Database } from '@/store/idb';
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
  type Weather,
} from './phone';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
afterEach(() => vi.restoreAllMocks());

const fair: Weather = (path, init, next) => next(path, init);
const isChunk = (path: string) => path === '/api/sync/blob';
const shelfOf = (phone: TestPhone) => new BlobShelf(new Database(BLOBS, phone.factory));
const attached = (client: Client) => client.outbox()[0]?.attached;

/** A picture of 150 kB as a phone makes it: nothing in it repeats. */
function picture(size = 150_000): Bytes {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65_536)));
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
}

interface Taken {
  input: FinishInput;
  name: string;
  bytes: Bytes;
}

/** A door with its photo, not finished yet. */
async function taken(client: Client, bytes = picture(), title = '3号楼'): Promise<Taken> {
  const draftId = newId();
  const name = await client.blobs.put(bytes, 'image/png', draftId);
  const input = await fill(client, 'door_check', { photo: name }, { draftId, title });
  return { input, name, bytes };
}

/** What 赵强 sees of the photo: its state and, if it is there, its bytes. */
async function atTheDesk(url: string, visit: string) {
  const browser = new TestPhone(url);
  const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
  const login = JSON.stringify({ username: 'zhao', password: passwordOf('zhao') });
  await browser.send('/api/session', { method: 'POST', headers, body: login });
  const path = `/api/review/visits/${visit}`;
  const whole = await (await browser.send(path, {})).json();
  const { file } = whole.reading[0];
  const answer = await browser.send(`${path}/files/${file.name}`, {});
  const bytes = answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  return { state: file.state, kind: file.kind, bytes, decide: decider(browser, path, headers) };
}

const decider =
  (browser: TestPhone, path: string, headers: Record<string, string>) =>
  (text: string): Promise<Response> =>
    browser.send(`${path}/decision`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        state: 'returned',
        seen: 'received',
        notes: [{ path: 'photo', text }],
      }),
    });

/** The bytes of a photo in a chunk, wherever it begins. */
function chunkOf(init: RequestInit): { at: number; length: number } {
  const raw = Buffer.from(init.body as Uint8Array);
  const message = JSON.parse((raw[0] === 0x1f ? gunzipSync(raw) : raw).toString());
  return { at: message.at, length: fromBase64(message.data).length };
}

/** Syncs until nothing waits any more; how often that took. */
async function untilSent(client: Client, most = 60): Promise<number> {
  for (let times = 1; times <= most; times += 1) {
    await client.syncNow();
    if (!client.sync().unsent && !client.sync().unsentBlobs) return times;
  }
  throw new Error('never sent');
}

test('a photo taken with no signal is at the desk after the way home, the same to the byte', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const { input, bytes } = await taken(wang);
  const id = await wang.finish(input);
  expect(attached(wang)).toEqual({ total: 1, sent: 0, part: 0, problem: null });
  expect(wang.sync()).toMatchObject({ unsent: 1, unsentBlobs: 1 });
  const again = await phone.restart();
  await again.unlock(PIN);
  phone.weather = fair;
  await untilSent(again);
  expect(await atTheDesk(server.url, id)).toMatchObject({ state: 'here', kind: 'image', bytes });
  expect(attached(again)).toEqual({ total: 1, sent: 1, part: 1, problem: null });
});

test('text goes first: the desk has the visit, and its photo is on its way', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = (path, init, next) =>
    isChunk(path) ? Promise.reject(new TypeError('cut')) : next(path, init);
  const { input } = await taken(wang);
  const id = await wang.finish(input);
  await synced(wang);
  expect(wang.sync()).toMatchObject({ unsent: 0, unsentBlobs: 1, error: 'offline' });
  expect(wang.sync().lastFull).not.toBeNull();
  expect(await atTheDesk(server.url, id)).toMatchObject({ state: 'coming', bytes: null });
});

type Cut = 'lost on the way there' | 'its answer lost' | 'cut short';

/** The k-th chunk from now on suffers this; all else arrives. */
function cutAt(k: number, fault: Cut): Weather {
  let chunks = 0;
  return async (path, init, next) => {
    chunks += isChunk(path) ? 1 : 0;
    if (!isChunk(path) || chunks !== k) return next(path, init);
    if (fault === 'lost on the way there') throw new TypeError('cut');
    const answer = await next(path, init);
    if (fault === 'its answer lost') throw new TypeError('cut');
    return new Response((await answer.text()).slice(0, -9), { headers: answer.headers });
  };
}

describe.each<Cut>(['lost on the way there', 'its answer lost', 'cut short'])(
  'every chunk in turn is %s',
  (fault) => {
    test.each(['the app stays open', 'the phone is restarted'])('and %s', async (then) => {
      const [phone, first] = await enrolled(server.url, 'wang');
      let wang = first;
      for (let k = 1; k <= 3; k += 1) {
        phone.weather = cutAt(k, fault);
        const { input, bytes } = await taken(wang);
        const id = await wang.finish(input);
        await synced(wang);
        if (then === 'the phone is restarted') {
          wang = await phone.restart();
          await wang.unlock(PIN);
        }
        await untilSent(wang);
        expect((await atTheDesk(server.url, id)).bytes).toEqual(bytes);
      }
    });
  },
);

test('a line that is cut every 64 KiB still brings it all, and little of it twice', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const { input, bytes } = await taken(wang);
  const LINE = 64 * 1024;
  let left = LINE;
  const chunks: number[] = [];
  const sent = { bytes: 0, photo: 0 };
  phone.weather = (path, init, next) => {
    const body = init.body as Uint8Array | undefined;
    const size = (body?.length ?? 0) + 600; // what the headers take
    if (isChunk(path)) chunks.push(chunkOf(init).length);
    if (size > left) {
      if (isChunk(path)) sent.bytes += left;
      left = LINE;
      return Promise.reject(new TypeError('cut'));
    }
    left -= size;
    if (isChunk(path)) {
      sent.bytes += size;
      sent.photo += chunkOf(init).length;
    }
    return next(path, init);
  };
  const id = await wang.finish(input);
  const syncs = await untilSent(wang);
  expect((await atTheDesk(server.url, id)).bytes).toEqual(bytes);
  // Nothing that arrived is sent again; what is lost is the part of a chunk that was on the line when it was cut.
  expect(sent.photo).toBe(bytes.length);
  const twice = sent.bytes - bytes.length;
  process.stdout.write(
    `link_cut_every=${LINE} photo=${bytes.length} syncs=${syncs} chunks=${chunks.length} uplink=${sent.bytes} extra=${twice}\n`,
  );
  expect(twice).toBeLessThan(bytes.length);
});

test('text finished while a photo is under way waits for one chunk at most', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const { input } = await taken(wang, picture(900_000));
  const order: string[] = [];
  let started = false;
  phone.weather = async (path, init, next) => {
    order.push(path.replace('/api/sync/', ''));
    const answer = await next(path, init);
    if (isChunk(path) && !started) {
      started = true;
      await wang.finish(await fill(wang, 'door_check', { remark: '门牌已换' }, { title: '4号楼' }));
      order.push('finished');
    }
    return answer;
  };
  await wang.finish(input);
  await untilSent(wang);
  const after = order.slice(order.indexOf('finished') + 1);
  const before = after.slice(0, after.indexOf('push'));
  process.stdout.write(
    `text_behind_photo chunks_before_text=${before.filter((at) => at === 'blob').length}\n`,
  );
  expect(before.filter((at) => at === 'blob').length).toBeLessThanOrEqual(1);
  expect(after.filter((at) => at === 'blob').length).toBeGreaterThan(3);
});

test('a chunk that creeps out gives way to text after some seconds, and goes again after it', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.timers = true;
  const { input } = await taken(wang, picture(40_000));
  const order: string[] = [];
  let creeping = true;
  phone.weather = (path, init, next) => {
    order.push(path.replace('/api/sync/', ''));
    if (!isChunk(path) || !creeping) return next(path, init);
    // A line so slow that it would take its minute.
    return new Promise((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  };
  await wang.finish(input);
  await vi.waitFor(() => expect(order).toContain('blob'), 10_000);
  creeping = false;
  order.length = 0;
  const began = performance.now();
  const id = await wang.finish(await fill(wang, 'door_check', { remark: '急' }, { title: '急' }));
  const stateOf = () => wang.outbox().find((item) => item.id === id)?.state;
  await vi.waitFor(() => expect(stateOf()).toBe('sent'), 30_000);
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(order.slice(0, order.indexOf('push'))).not.toContain('blob');
  await untilSent(wang);
  expect(wang.sync()).toMatchObject({ unsentBlobs: 0, error: null });
  phone.off();
});

test('text of another tab goes first too', async () => {
  const [phone, one] = await enrolled(server.url, 'wang');
  const two = await phone.open();
  await two.unlock(PIN);
  await two.syncNow();
  const { input } = await taken(one, picture(600_000));
  const order: string[] = [];
  let started = false;
  phone.weather = async (path, init, next) => {
    order.push(path.replace('/api/sync/', ''));
    const answer = await next(path, init);
    if (isChunk(path) && !started) {
      started = true;
      await two.finish(await fill(two, 'door_check', { remark: '门牌已换' }, { title: '4号楼' }));
      order.push('finished');
    }
    return answer;
  };
  await one.finish(input);
  await untilSent(one);
  const after = order.slice(order.indexOf('finished') + 1);
  expect(after.slice(0, after.indexOf('push')).filter((at) => at === 'blob').length).toBeLessThan(
    2,
  );
});

describe('with a server of their own', () => {
  const home = mkdtempSync(join(tmpdir(), 'fieldapp-photos-'));
  let own: Server;
  beforeAll(async () => {
    own = await startServer(home);
  });
  afterAll(() => own.stop());

  test('restarted, it goes on from where it was; having lost it all, it gets it again', async () => {
    const [phone, wang] = await enrolled(own.url, 'wang');
    const sent: number[] = [];
    phone.weather = (path, init, next) => {
      if (!isChunk(path)) return next(path, init);
      if (sent.length) return Promise.reject(new TypeError('gone'));
      sent.push(chunkOf(init).length);
      return next(path, init);
    };
    const { input, bytes } = await taken(wang);
    const id = await wang.finish(input);
    await synced(wang);
    own.stop();
    own = await startServer(home);
    phone.move(own.url);
    phone.weather = (path, init, next) => {
      if (isChunk(path)) sent.push(chunkOf(init).length);
      return next(path, init);
    };
    await untilSent(wang);
    expect(sent.reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
    sql(home, 'delete from blob; delete from blob_chunk');
    expect((await atTheDesk(own.url, id)).state).toBe('coming');
    await synced(wang);
    expect((await atTheDesk(own.url, id)).bytes).toEqual(bytes);
  });

  test('the phone keeps a visit and its photo until both are in a backup, then lets go of both', async () => {
    const [phone, wang] = await enrolled(own.url, 'wang');
    phone.weather = (path, init, next) =>
      isChunk(path) ? Promise.reject(new TypeError('cut')) : next(path, init);
    const { input } = await taken(wang);
    const id = await wang.finish(input);
    sql(home, "insert into durable_mark (id, before) values (1, '2999')");
    // Thirty later visits, so that this one is no longer kept for corrections.
    for (let n = 0; n < 30; n += 1)
      await wang.finish(await fill(wang, 'door_check', { remark: `${n}` }, { title: `${n}` }));
    await synced(wang, wang);
    expect(wang.outbox().map((item) => item.id)).toContain(id);
    phone.weather = fair;
    await untilSent(wang);
    await synced(wang, wang);
    expect(wang.outbox().map((item) => item.id)).not.toContain(id);
    expect(await shelfOf(phone).heads()).toEqual([]);
  });
});

function sql(home: string, script: string): void {
  const run = 'import sqlite3,sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])';
  execFileSync('python3', ['-c', run, join(home, 'fieldapp.sqlite'), script]);
}

test('a draft that is thrown away takes its photos along, and only those', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const shared = picture(3000);
  const kept = await taken(wang, shared);
  const gone = await taken(wang, shared, '5号楼');
  const only = await wang.blobs.put(picture(2000), 'image/png', gone.input.draftId);
  await wang.removeDraft(gone.input.draftId);
  expect(await wang.blobs.get(only)).toBeUndefined();
  expect(await wang.blobs.get(kept.name)).toBeDefined();
  await wang.removeDraft(kept.input.draftId);
  expect(await shelfOf(phone).heads()).toEqual([]);
});

test('the same bytes under two names are sent once', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const bytes = picture(30_000);
  const { input } = await taken(wang, bytes);
  await wang.finish(input);
  const draftId = newId();
  const name = await wang.blobs.put(bytes, 'application/octet-stream', draftId);
  expect(name).not.toBe(input.answers.photo);
  const again = { 'rooms[0]/plan': name };
  const second = await fill(wang, 'door_check', again, { draftId, title: '8号楼' });
  await wang.finish(second);
  let sent = 0;
  phone.weather = (path, init, next) => {
    if (isChunk(path)) sent += chunkOf(init).length;
    return next(path, init);
  };
  await untilSent(wang);
  expect(sent).toBe(bytes.length);
  expect(wang.outbox().map((item) => item.attached?.sent)).toEqual([1, 1]);
});

test('a photo taken again leaves only the new one with the visit', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const { input, name } = await taken(wang);
  const blurred = await wang.blobs.put(picture(2000), 'image/png', input.draftId);
  await wang.finish(input);
  expect((await shelfOf(phone).heads()).map((head) => head.name)).toEqual([name]);
  expect(await wang.blobs.get(blurred)).toBeUndefined();
});

test('a returned visit shows its photo; a correction that keeps it sends no byte of it again', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const { input, name, bytes } = await taken(wang);
  const id = await wang.finish(input);
  await untilSent(wang);
  const { decide } = await atTheDesk(server.url, id);
  expect((await decide('请写备注')).ok).toBe(true);
  await synced(wang);
  const [task] = wang.returned();
  expect(task?.answers.photo).toBe(name);
  expect((await wang.blobs.get(name))?.bytes).toEqual(bytes);
  const asked = phone.requests.length;
  const corrected = await wang.finish({
    ...input,
    draftId: newId(),
    answers: { photo: name, remark: '门牌 12' },
    corrects: id,
  });
  await untilSent(wang);
  expect(phone.requests.slice(asked).filter(isChunk)).toEqual([]);
  expect(await atTheDesk(server.url, corrected)).toMatchObject({ state: 'here', bytes });
});

test('the exported outbox holds the photos, sealed to the server, and no PIN opens them elsewhere', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const { input, name, bytes } = await taken(wang, picture(20_000));
  const id = await wang.finish(input);
  const draft = await taken(wang, picture(1000));
  const locked = await phone.restart();
  const file = JSON.parse(await (await locked.exportOutbox()).text());
  expect(file.blobs.map((blob: { name: string }) => blob.name)).toEqual([name]);
  expect(draft.name).not.toBe(name);
  expect(file.blobs[0]).toMatchObject({ type: 'image/png', size: 20_000, visits: [id] });
  expect(file.vault).toMatchObject({ pin: null, password: null });
  const sealed = fromBase64(file.blobs[0].sealed);
  expect(sealed.length).toBe(bytes.length);
  expect(sealed).not.toEqual(bytes);
  // What opens it is the server's business: import.test.ts.
  expect(fromBase64(file.blobs[0].post).length).toBeGreaterThan(100);
});

test('a broken store of photos holds back no text: it is filled, finished, sent and exported', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await taken(wang, picture(1000));
  phone.off();
  const { open } = phone.factory;
  phone.factory.open = (name, version) => {
    if (name === 'fs-blobs') throw new DOMException('backing store', 'UnknownError');
    return open.call(phone.factory, name, version);
  };
  const again = await phone.open();
  expect(await again.unlock(PIN)).toBe(true);
  await again.removeDraft(again.drafts()[0]?.id ?? '');
  await again.finish(await fill(again, 'door_check', { remark: '好' }, { title: '7号楼' }));
  await synced(again);
  expect(again.outbox().map(({ title, state }) => [title, state])).toEqual([['7号楼', 'sent']]);
  expect(again.sync().error).toBeNull();
  expect(JSON.parse(await (await again.exportOutbox()).text()).items).toHaveLength(1);
  await expect(again.blobs.put(picture(1000), 'image/png', 'd')).rejects.toMatchObject({
    key: 'storage_broken',
  });
});

test('李娜 can’t take over a phone whose photos have not left', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = (path, init, next) =>
    isChunk(path) ? Promise.reject(new TypeError('cut')) : next(path, init);
  const { input } = await taken(wang);
  await wang.finish(input);
  await synced(wang);
  expect(wang.sync().unsent).toBe(0);
  phone.weather = fair;
  const locked = await phone.restart();
  await expect(locked.login('li', passwordOf('li'))).rejects.toMatchObject({ key: 'other_user' });
});

test('a photo damaged on the phone is told and holds up nothing', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  const bad = await taken(wang);
  await wang.finish(bad.input);
  const good = await taken(wang, picture(), '6号楼');
  await wang.finish(good.input);
  const shelf = shelfOf(phone);
  const record = await shelf.record(bad.name);
  if (!record) throw new Error('gone');
  new Uint8Array(record.sealed).set([1, 2, 3], 500);
  await shelf.keep(record);
  phone.weather = fair;
  await synced(wang, wang);
  const problems = wang.outbox().map((item) => [item.title, item.attached?.problem]);
  expect(problems).toEqual([
    ['6号楼', null],
    ['3号楼', 'damaged'],
  ]);
  expect(wang.sync()).toMatchObject({ unsent: 0, unsentBlobs: 1 });
});

test('bytes that arrive as others are sent again from the start; what never arrives right waits, and is told', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  let wrong = Number.POSITIVE_INFINITY;
  const offsets: number[] = [];
  phone.weather = async (path, init, next) => {
    if (!isChunk(path)) return next(path, init);
    offsets.push(chunkOf(init).at);
    const answer = await next(path, init);
    wrong -= 1;
    if (wrong < 0) return answer;
    const told = { ...(await answer.json()), st: 'wrong', have: 0 };
    return new Response(JSON.stringify(told), { headers: answer.headers });
  };
  const { input, bytes } = await taken(wang);
  const id = await wang.finish(input);
  await synced(wang);
  expect(offsets.length).toBeLessThan(10);
  expect(attached(wang)).toMatchObject({ sent: 0, problem: 'wrong' });
  expect(wang.sync()).toMatchObject({ unsent: 0, unsentBlobs: 1, error: null });
  wrong = 0;
  await untilSent(wang);
  expect(attached(wang)).toMatchObject({ sent: 1, problem: null });
  expect((await atTheDesk(server.url, id)).bytes).toEqual(bytes);
});

type Fault = 'full disk' | 'dead connection';

/** The k-th write from now on fails, and all after it. True once it has happened. */
function failAt(k: number, fault: Fault): () => boolean {
  let writes = 0;
  const { put } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    value,
  ) {
    writes += 1;
    if (writes < k) return put.call(this, value);
    throw new DOMException(
      'fault',
      fault === 'full disk' ? 'QuotaExceededError' : 'InvalidStateError',
    );
  });
  return () => writes >= k;
}

test.each(['full disk', 'dead connection'] as const)(
  '%s at every write from the camera to the desk: the photo is there or was never named, and arrives once',
  async (fault) => {
    const [phone, first] = await enrolled(server.url, 'wang');
    phone.weather = noSignal;
    let wang = first;
    let reached = true;
    for (let k = 1; reached; k += 1) {
      expect(k).toBeLessThan(20);
      const title = `${fault.slice(0, 4)}${k}`;
      const bytes = picture(9000);
      const draftId = newId();
      const happened = failAt(k, fault);
      const id = await attempt(wang, bytes, draftId, title);
      reached = happened();
      phone.off();
      vi.restoreAllMocks();
      wang = await phone.open();
      await wang.unlock(PIN);
      const item = wang.outbox().find((one) => one.title === title);
      if (id) expect(item?.id).toBe(id);
      if (item) expect(item.attached).toMatchObject({ total: 1, problem: null });
      // Whatever a draft or a visit names is on the phone.
      for (const meta of wang.drafts()) {
        const photo = (await wang.draft(meta.id))?.draft.answers.photo;
        if (typeof photo === 'string') expect(await wang.blobs.get(photo)).toBeDefined();
        await wang.removeDraft(meta.id);
      }
    }
    const finished = wang.outbox().length;
    expect(finished).toBeGreaterThan(0);
    phone.weather = fair;
    await untilSent(wang);
    expect(wang.outbox().map((item) => item.attached)).toEqual(
      Array(finished).fill({ total: 1, sent: 1, part: 1, problem: null }),
    );
  },
);

test.each(['full disk', 'dead connection'] as const)(
  '%s at every write on the way up: what arrived is known at the next sync, and nothing is lost',
  async (fault) => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    const photos: [string, Bytes][] = [];
    for (let k = 1; k <= 8; k += 1) {
      phone.weather = noSignal;
      const { input, bytes } = await taken(wang, picture(20_000), `${k}号楼`);
      photos.push([await wang.finish(input), bytes]);
      await synced(wang);
      phone.weather = fair;
      failAt(k, fault);
      await wang.syncNow();
      vi.restoreAllMocks();
    }
    await untilSent(wang);
    expect(wang.outbox().map((item) => item.attached?.sent)).toEqual(photos.map(() => 1));
    for (const [id, bytes] of photos)
      expect((await atTheDesk(server.url, id)).bytes).toEqual(bytes);
  },
);

async function attempt(client: Client, bytes: Bytes, draftId: string, title: string) {
  try {
    const name = await client.blobs.put(bytes, 'image/png', draftId);
    const input = await fill(client, 'door_check', { photo: name }, { draftId, title });
    return await client.finish(input);
  } catch {
    return null;
  }
}
