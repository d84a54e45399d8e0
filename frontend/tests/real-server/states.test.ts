/**
 * The tables of docs/sync.md, cell by cell: a visit, an attachment, a feed and a phone in each of their states meet each
 * event, on the real client with the real server, whose answers are rewritten to say what the event says.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client, FinishInput } from '@/protocol/types';
import type { Cursor } from '@/store/base';
import { BLOBS, BlobShelf } from '@/store/blobs';
import { Database } from '@/store/idb';
import { OUTBOX, Outbox } from '@/store/outbox';
import { FIELD } from '@/store/sealed';
import { copy, type Disk, read, write } from '../storage-faults/disk';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  type Server,
  startServer,
  type TestPhone,
  type Weather,
} from './phone';
import { clients, consentOf, register } from './stories';

interface Table {
  events: { event: string; next: Record<string, string> }[];
}
const TABLES = new URL('../../../tests/contract/sync-states.json', import.meta.url);
const tables = JSON.parse(readFileSync(TABLES, 'utf8')) as Record<
  'item' | 'sealed' | 'blob' | 'feed' | 'device',
  Table
>;
const rows = (name: keyof typeof tables) =>
  tables[name].events.map(({ event, next }) => [event, next] as const);

const WIRE = { 'Content-Type': 'application/vnd.fs-sync+json' };
type Json = Record<string, unknown>;

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
afterEach(() => vi.restoreAllMocks());

/** The real answer of one endpoint, changed on its way back; a Response or an error stands for it. */
const rewriting =
  (
    endpoint: string,
    change: (answer: Json, init: RequestInit) => Json | Response,
    rest?: Weather,
  ): Weather =>
  async (path, init, next) => {
    if (path !== `/api/sync/${endpoint}`) return rest ? rest(path, init, next) : next(path, init);
    const answer = change((await (await next(path, init)).json()) as Json, init);
    return answer instanceof Response
      ? answer
      : new Response(JSON.stringify(answer), { headers: WIRE });
  };

const cutting =
  (endpoint: string, rest?: Weather): Weather =>
  (path, init, next) => {
    if (path === `/api/sync/${endpoint}`) return Promise.reject(new TypeError('cut'));
    return rest ? rest(path, init, next) : next(path, init);
  };

/** The phone of the scene once more, switched on with no signal, and opened unless it stays locked. */
async function opened(disk: Disk, like: TestPhone, locked = false): Promise<[TestPhone, Client]> {
  const phone = like.on(await write(disk));
  phone.weather = noSignal;
  const client = await phone.open();
  if (!locked) await client.unlock(PIN);
  await client.syncNow();
  return [phone, client];
}

const mapped = async <T>(ids: Record<string, string>, look: (id: string) => Promise<T>) =>
  Object.fromEntries(
    await Promise.all(Object.entries(ids).map(async ([state, id]) => [state, await look(id)])),
  );

// ---- a visit --------------------------------------------------------------------------------------

describe('a visit in the outbox', () => {
  /** A phone with one visit in each state, each with the draft that a crash would have left. */
  interface Scene {
    phone: TestPhone;
    client: Client;
    inputs: Record<string, FinishInput>;
    ids: Record<string, string>;
  }
  let scene: Scene;
  let disk: Disk;
  beforeAll(async () => {
    scene = await built();
    disk = await read(scene.phone.factory);
  });

  const outboxOf = (phone: TestPhone) =>
    new Outbox(new Database(OUTBOX, phone.factory), () => newId());
  const stateOf = (phone: TestPhone) => async (id: string) =>
    (await outboxOf(phone).get(id))?.state;

  async function built(): Promise<Scene> {
    const [phone, client] = await enrolled(server.url, 'wang');
    const made: Scene = { phone, client, inputs: {}, ids: {} };
    const { ids } = made;
    phone.weather = noSignal;
    for (const state of ['sent', 'attention', 'durable']) await left(made, state);
    phone.weather = rewriting('push', quarantining(ids.attention ?? ''));
    await client.syncNow();
    phone.weather = rewriting('verify', verified({ durable: [ids.durable ?? ''] }));
    await client.syncNow();
    phone.weather = noSignal;
    await left(made, 'sending');
    phone.weather = rewriting('verify', verified({}), cutting('push'));
    await client.syncNow();
    phone.weather = noSignal;
    await left(made, 'waiting');
    await client.syncNow();
    for (const state of Object.keys(ids))
      expect(await stateOf(phone)(ids[state] ?? '')).toBe(state);
    return made;
  }

  /** Finished, but for the draft: it couldn't be removed. */
  async function left({ client, inputs, ids }: Scene, state: string): Promise<void> {
    const title = `在${state}`;
    const input = await fill(client, 'consent_record', consentOf(title, '13800000001'), { title });
    const remove = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
      throw new DOMException('lost', 'UnknownError');
    });
    await expect(client.finish(input)).rejects.toMatchObject({ key: 'storage_broken' });
    remove.mockRestore();
    inputs[state] = input;
    ids[state] = client.outbox().find((item) => item.title === title)?.id ?? '';
  }

  type Results = { id: string; st: string; why: string | null }[];
  const quarantining = (id: string) => (answer: Json) => ({
    ...answer,
    results: (answer.results as Results).map((one) =>
      one.id === id ? { id, st: 'quarantined', why: 'apply' } : one,
    ),
  });
  /** About these visits only what is given. */
  const verified =
    (about: { durable?: string[]; missing?: string[]; states?: Json }) => (answer: Json) => ({
      ...answer,
      durable: about.durable ?? [],
      missing: about.missing ?? [],
      states: about.states ?? {},
    });

  /** What a push is answered about each, asked or not. */
  function pushing(what: string): Weather {
    const quiet = verified({});
    if (what === 'request lost') return rewriting('verify', quiet, cutting('push'));
    const html = { headers: { 'Content-Type': 'text/html' } };
    const answer: Record<string, (real: Json) => Json | Response> = {
      'another page': () => new Response('<html>登录</html>', html),
      '503': () => new Response('', { status: 503 }),
      '500': () => new Response('', { status: 500 }),
      '413': () => new Response('', { status: 413 }),
      'not named': (real) => ({ ...real, results: [] }),
      'answer lost': () => {
        throw new TypeError('cut');
      },
    };
    const said = what === 'seal' ? { st: 'later', why: 'seal' } : { st: what, why: null };
    const all = Object.values(scene.ids).map((id) => ({ id, ...said }));
    const told = answer[what] ?? ((real: Json) => ({ ...real, results: all }));
    return rewriting('verify', quiet, rewriting('push', told));
  }

  /** Pushing comes next, and its request is lost. */
  function verifying(st: string): Weather {
    const all = Object.values(scene.ids);
    const states = Object.fromEntries(all.map((id) => [id, { st, why: null }]));
    const about = st === 'durable' || st === 'missing' ? { [st]: all } : { states };
    return rewriting('verify', verified(about), cutting('push'));
  }

  const events = rows('item');
  const isFinish = ([event]: (typeof events)[number]) => event.startsWith('finished again');
  const unsent = events.find(([event]) => event === 'push: request lost')?.[1] ?? {};
  const isSealed = (event: string) => rows('sealed').some(([one]) => one === event);
  const andUnsent = (next: Record<string, string>) =>
    Object.fromEntries(Object.entries(next).map(([state, end]) => [state, unsent[end] ?? end]));

  test.each(events.filter((row) => !isFinish(row)))('%s', async (event, next) => {
    const [phone, client] = await opened(disk, scene.phone);
    const before = shasOf(await outboxOf(phone).all());
    const [kind = '', what = ''] = event.split(': ');
    if (kind === 'push') phone.weather = pushing(what);
    if (kind === 'verify') phone.weather = verifying(what);
    if (event === 'battery') phone.off();
    else await client.syncNow();
    const end = event === 'battery' ? phone.on(await copy(phone.factory)) : phone;
    expect(await mapped(scene.ids, stateOf(end))).toEqual(
      kind === 'verify' ? andUnsent(next) : next,
    );
    expect(shasOf(await outboxOf(end).all())).toEqual(before);
  });

  test('every event of the line also has its row for a phone that nobody has opened', () => {
    const open = events.filter((row) => !isFinish(row)).map(([event]) => event);
    expect(open.filter((event) => !isSealed(event))).toEqual(['battery']);
  });

  test.each(rows('sealed'))('on a locked phone: %s', async (event, next) => {
    const [phone, client] = await opened(disk, scene.phone, true);
    const before = await outboxOf(phone).all();
    const [kind = '', what = ''] = event.split(': ');
    if (kind === 'push') phone.weather = pushing(what);
    if (kind === 'verify') phone.weather = verifying(what);
    const asked = phone.requests.length;
    if (event === 'opened with the PIN') expect(await client.unlock(PIN)).toBe(true);
    else await client.syncNow();
    expect(await mapped(scene.ids, stateOf(phone))).toEqual(
      kind === 'verify' ? andUnsent(next) : next,
    );
    // What it holds is as it was, byte for byte; nothing was asked for that only an open phone may have.
    expect(sealsOf(await outboxOf(phone).all())).toEqual(sealsOf(before));
    if (kind) expect(phone.requests.slice(asked)).not.toContain('/api/sync/pull');
  });

  const sealsOf = (items: { id: string; sha: string; sealed: ArrayBuffer; post?: ArrayBuffer }[]) =>
    items.map(({ id, sha, sealed, post }) => [id, sha, hex(sealed), hex(post)]);
  const hex = (bytes?: ArrayBuffer) => Buffer.from(bytes ?? new ArrayBuffer(0)).toString('hex');
  const shasOf = (items: { id: string; sha: string }[]) => items.map(({ id, sha }) => [id, sha]);

  test.each(events.filter(isFinish))('%s', async (event, next) => {
    const { phone, client, ids, inputs } = await built();
    const before = new Map((await outboxOf(phone).all()).map((item) => [item.id, item.sha]));
    const changed = event.endsWith('changed');
    for (const input of Object.values(inputs)) {
      const answers = structuredClone(input.answers);
      if (changed) (answers.g_person as Record<string, string>).n_phone = '13899999999';
      await client.finish({ ...input, answers });
    }
    await client.syncNow();
    expect(await mapped(ids, stateOf(phone))).toEqual(next);
    const now = await outboxOf(phone).all();
    const other = now.filter(({ id, sha }) => before.has(id) && before.get(id) !== sha);
    // Bytes that may have left never change; what is changed then is a correction, one visit more.
    expect(other.map(({ id }) => id)).toEqual(changed ? [ids.waiting] : []);
    expect(now.length).toBe(before.size + (changed ? 4 : 0));
  });
});

// ---- an attachment --------------------------------------------------------------------------------

describe('an attachment', () => {
  let like: TestPhone;
  let scene: Disk;
  const shas: Record<string, string> = {};
  const stateOf = (phone: TestPhone) => async (sha: string) => {
    const heads = await new BlobShelf(new Database(BLOBS, phone.factory)).heads();
    return heads.find((head) => head.sha === sha)?.state;
  };
  const stateNamed = (sha: unknown) => Object.keys(shas).find((state) => shas[state] === sha) ?? '';

  /** What the server would say of each, in its state. */
  const KNOWN: Record<string, string> = {
    waiting: 'missing',
    refused: 'missing',
    sent: 'stored',
    durable: 'durable',
  };
  const asked = (st: (state: string) => string) => (answer: Json) => ({
    ...answer,
    states: Object.fromEntries(
      Object.keys(answer.states as Json).map((sha) => [sha, { st: st(stateNamed(sha)), have: 0 }]),
    ),
  });
  const chunk = (st: (state: string) => string) => (answer: Json) => ({
    ...answer,
    ...{ st: st(stateNamed(answer.sha)), have: 0, why: 'full' },
  });

  beforeAll(async () => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    like = phone;
    phone.weather = noSignal;
    for (const state of Object.keys(KNOWN)) {
      const draftId = newId();
      const bytes = crypto.getRandomValues(new Uint8Array(1000));
      const photo = await wang.blobs.put(bytes, 'image/png', draftId);
      shas[state] = photo.split('.')[0] ?? '';
      await wang.finish(await fill(wang, 'door_check', { photo }, { draftId, title: state }));
    }
    const ends: Record<string, string> = {
      waiting: 'partial',
      refused: 'refused',
      sent: 'stored',
      durable: 'durable',
    };
    const missing = asked(() => 'missing');
    phone.weather = rewriting(
      'blobs',
      missing,
      rewriting(
        'blob',
        chunk((state) => ends[state] ?? ''),
      ),
    );
    await wang.syncNow();
    expect(await mapped(shas, stateOf(phone))).toEqual(
      Object.fromEntries(Object.keys(shas).map((state) => [state, state])),
    );
    scene = await read(phone.factory);
  });

  function weatherOf(kind: string, what: string): Weather {
    if (kind === 'blobs')
      return rewriting(
        'blobs',
        asked(() => what),
        cutting('blob'),
      );
    const chunks =
      what === 'lost'
        ? cutting('blob')
        : rewriting(
            'blob',
            chunk(() => what),
          );
    return rewriting(
      'blobs',
      asked((state) => KNOWN[state] ?? 'missing'),
      chunks,
    );
  }

  test.each(rows('blob'))('%s', async (event, next) => {
    const [phone, client] = await opened(scene, like);
    const [kind = '', what = ''] = event.split(': ');
    if (event === 'battery') phone.off();
    else {
      phone.weather = weatherOf(kind, what);
      await client.syncNow();
    }
    const end = event === 'battery' ? phone.on(await copy(phone.factory)) : phone;
    expect(await mapped(shas, stateOf(end))).toEqual(next);
  });
});

// ---- a feed ---------------------------------------------------------------------------------------

describe('the cursor of a feed', () => {
  const FEED = '379901001001.care';
  let like: TestPhone;
  const scenes: Record<string, Disk> = {};

  beforeAll(async () => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    await register(wang, '先来', '13800000001');
    await wang.syncNow();
    phone.off();
    like = phone;
    const within = await read(phone.factory);
    scenes.within = within;
    const start = structuredClone({ ...within, rows: { ...within.rows, 'fs-field': {} } });
    const field = within.rows['fs-field'] as Record<string, { key?: string; feed?: string }[]>;
    start.rows['fs-field'] = {
      ...field,
      base: (field.base ?? []).filter(({ key }) => !key?.startsWith(`${FEED}#`)),
      cursors: (field.cursors ?? []).map((row) =>
        row.feed === FEED ? { feed: FEED, epoch: '', seq: 0, view: '' } : row,
      ),
    };
    scenes.start = start;
    const [, li] = await enrolled(server.url, 'li');
    await register(li, '后到', '13800000002');
    await li.syncNow();
  });

  const cursorOf = async (phone: TestPhone): Promise<Cursor | undefined> => {
    const db = new Database(FIELD, phone.factory);
    return db.read(['cursors'], (tx) => tx.get<Cursor>('cursors', FEED));
  };

  type Page = Json & { epoch: string; seq: number; view: string };
  /** The page of the feed, changed; what comes after the first answer is lost if `once`. */
  function paging(change: (page: Page) => Json, last: { page?: Page }, once = false): Weather {
    let answers = 0;
    return rewriting('pull', (answer) => {
      answers += 1;
      if (once && answers > 1) throw new TypeError('cut');
      const feeds = answer.feeds as Record<string, Page>;
      const page = { ...(feeds[FEED] as Page), ...change(feeds[FEED] as Page) } as Page;
      last.page ??= page;
      return { ...answer, feeds: { ...feeds, [FEED]: page } };
    });
  }

  function weatherOf(event: string, last: { page?: Page }): Weather {
    const weathers: Record<string, Weather> = {
      page: paging(() => ({}), last),
      'page, more to come': paging(() => ({ more: true }), last, true),
      'page that starts anew': paging(() => ({}), last),
      'page that goes back': paging(() => ({ seq: 0, reset: false }), last, true),
      'page of another epoch that doesn’t start anew': paging(
        () => ({ epoch: 'x', reset: false }),
        last,
        true,
      ),
      'page whose checksum differs': paging(() => ({ ch: [] }), last),
      'answer to another request': rewriting('pull', (answer) => ({ ...answer, nonce: 'x' })),
      'answer lost': cutting('pull'),
      'write failed': (path, init, next) => next(path, init),
      'grants taken away': grantsTaken(),
    };
    return weathers[event] as Weather;
  }

  function grantsTaken(): Weather {
    let answers = 0;
    return rewriting('pull', (answer) => {
      answers += 1;
      if (answers > 1) throw new TypeError('cut');
      return { ...answer, grants_ver: 'other', lost: [FEED], gained: [], feeds: {} };
    });
  }

  function failingWrites(): void {
    const { put } = IDBObjectStore.prototype;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value,
    ) {
      if (this.name === 'cursors') throw new DOMException('', 'UnknownError');
      return put.call(this, value);
    });
  }

  const people = (client: Client) =>
    clients(client)
      .map(({ title }) => title)
      .sort();

  async function outcome(event: string, state: string): Promise<string> {
    const disk = scenes[state] as Disk;
    const [phone, client] = await opened(
      event === 'page that starts anew' ? ofOldView(disk) : disk,
      like,
    );
    const before = { cursor: await cursorOf(phone), people: people(client) };
    const last: { page?: Page } = {};
    await meets(event, phone, client, last);
    const again = phone.on(await copy(phone.factory));
    again.weather = noSignal;
    const reopened = await again.open();
    await reopened.unlock(PIN);
    const now = { cursor: await cursorOf(again), people: people(reopened) };
    if (JSON.stringify(now) === JSON.stringify(before)) return 'kept';
    const repaired = phone.requests.includes('/api/sync/manifest');
    return named(now, repaired, last.page);
  }

  async function meets(event: string, phone: TestPhone, client: Client, last: { page?: Page }) {
    if (event === 'battery') return phone.off();
    phone.weather = weatherOf(event, last);
    if (event === 'write failed') failingWrites();
    await client.syncNow();
    vi.restoreAllMocks();
  }

  /** Cursor and copy after the event, as the table calls them; what the table doesn't know is told whole. */
  function named(
    now: { cursor: Cursor | undefined; people: string[] },
    repaired: boolean,
    page?: Page,
  ): string {
    if (!now.cursor) return now.people.length ? 'half gone' : 'gone';
    const isWhole = now.people.includes('先来') && now.people.includes('后到');
    const { epoch, seq, view } = page ?? { epoch: '', seq: -1, view: '' };
    const { anew: _, ...cursor } = now.cursor;
    const isThere = JSON.stringify(cursor) === JSON.stringify({ feed: FEED, epoch, seq, view });
    if (!isWhole || !(isThere || repaired)) return JSON.stringify(now);
    return repaired ? 'repaired' : 'head';
  }

  /** What its audience may see has changed since. */
  function ofOldView(disk: Disk): Disk {
    const field = disk.rows['fs-field'] as Record<string, Cursor[]>;
    const cursors = (field.cursors ?? []).map((row) =>
      row.epoch && row.feed === FEED ? { ...row, view: 'old' } : row,
    );
    return { ...disk, rows: { ...disk.rows, 'fs-field': { ...field, cursors } } };
  }

  test.each(rows('feed'))('%s', async (event, next) => {
    const found: Record<string, string> = {};
    for (const state of Object.keys(next)) found[state] = await outcome(event, state);
    expect(found).toEqual(next);
  });
});

// ---- a phone ---------------------------------------------------------------------------------------

describe('a phone', () => {
  let like: TestPhone;
  let id = '';
  const scenes: Record<string, Disk> = {};

  beforeAll(async () => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    await register(wang, '先来', '13800000001');
    await wang.syncNow();
    phone.weather = noSignal;
    id = await register(wang, '后到', '13800000002');
    await wang.syncNow();
    like = phone;
    scenes.open = await read(phone.factory);
    scenes.locked = scenes.open;
    const [lost, client] = await opened(scenes.open, phone, true);
    lost.weather = rewriting('verify', revoking, cutting('push'));
    await client.syncNow();
    scenes.ended = await read(lost.factory);
  });

  const revoking = (answer: Json) => ({ ...answer, revoked: true });
  const problem = (status: number, code: string) => () =>
    new Response(JSON.stringify({ code, status }), {
      status,
      headers: { 'Content-Type': 'application/problem+json' },
    });
  const page = (status: number, body: string) => () =>
    new Response(body, { status, headers: { 'Content-Type': 'text/html' } });
  const asideAll = (answer: Json) => ({
    ...answer,
    results: [{ id, st: 'quarantined', why: 'revoked' }],
  });

  /** Pushing is cut where the event is another's: what was captured must still be there. */
  function weatherOf(event: string): Weather {
    const cut = cutting('push');
    const weathers: Record<string, Weather> = {
      'verify: revoked': rewriting('verify', revoking, cut),
      'verify: not revoked': rewriting('verify', (answer) => ({ ...answer, revoked: false }), cut),
      'verify: another page that says revoked': rewriting(
        'verify',
        page(200, '{"revoked":true}'),
        cut,
      ),
      'verify: answer lost': cutting('verify', cut),
      'pull: device_revoked': rewriting('pull', problem(403, 'device_revoked'), passing(cut)),
      'pull: 403 of a proxy': rewriting('pull', page(403, 'no'), passing(cut)),
      'pull: bad_signature': rewriting('pull', problem(401, 'bad_signature'), passing(cut)),
      'push: revoked': rewriting('push', asideAll),
    };
    return weathers[event] as Weather;
  }

  /** The push is answered as if nothing could be kept now, so that the sync goes on to the pull. */
  const passing = (rest: Weather) =>
    rewriting(
      'push',
      (answer) => ({ ...answer, results: [{ id, st: 'later', why: 'busy' }] }),
      rest,
    );

  const isEnded = (client: Client) => client.ended() === 'revoked';
  const stateOf = (client: Client) => (isEnded(client) ? 'ended' : client.phase());

  /** Anything of the registry, of forms or of drafts. */
  async function readable(phone: TestPhone): Promise<number> {
    const field = (await read(phone.factory)).rows['fs-field'] ?? {};
    return ['base', 'cursors', 'forms'].reduce((sum, name) => sum + (field[name]?.length ?? 0), 0);
  }

  async function outcome(event: string, state: string): Promise<string> {
    const [phone, client] = await opened(scenes[state] as Disk, like, state !== 'open');
    expect(stateOf(client)).toBe(state);
    if (event === 'battery') phone.off();
    else {
      phone.weather = weatherOf(event);
      await client.syncNow();
    }
    const later = event === 'battery' ? await phone.open() : client;
    const items = await new Outbox(new Database(OUTBOX, phone.factory), () => newId()).all();
    expect(items.map((item) => item.id)).toContain(id);
    const end = stateOf(later);
    expect((await readable(phone)) === 0).toBe(end === 'ended');
    return end;
  }

  test.each(rows('device'))('%s', async (event, next) => {
    const found: Record<string, string> = {};
    for (const state of Object.keys(next)) found[state] = await outcome(event, state);
    expect(found).toEqual(next);
  });
});
