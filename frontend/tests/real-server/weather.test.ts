/** What networks do to a push or a pull: nothing counts but what our server said. */
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { enrolled, passwordOf, type Server, startServer, synced, type Weather } from './phone';
import { clients, register, states } from './stories';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const WIRE = { 'Content-Type': 'application/vnd.fs-sync+json' };
const problem = (status: number, code: string) =>
  new Response(JSON.stringify({ code, status }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });
const instead =
  (answer: () => Response): Weather =>
  () =>
    Promise.resolve(answer());

/** The real answer, spoilt on its way back. */
const spoilt =
  (spoil: (text: string, response: Response) => Response): Weather =>
  async (path, init, next) => {
    const response = await next(path, init);
    return spoil(await response.text(), response);
  };

const WEATHERS: [string, Weather, string][] = [
  [
    'a captive portal’s page',
    instead(() => new Response('<html>登录</html>', { headers: { 'Content-Type': 'text/html' } })),
    'captive',
  ],
  [
    'a page that claims to be JSON',
    instead(() => new Response('<html>', { headers: WIRE })),
    'captive',
  ],
  [
    'somebody else’s JSON',
    instead(() => new Response('{"ok":true}', { headers: WIRE })),
    'captive',
  ],
  [
    'an answer cut short',
    spoilt((text) => new Response(text.slice(0, -20), { headers: WIRE })),
    'captive',
  ],
  [
    'the answer to another request',
    spoilt(
      (text) => new Response(text.replace(/"nonce":"[^"]*"/, '"nonce":"x"'), { headers: WIRE }),
    ),
    'captive',
  ],
  [
    'an answer of the wrong type',
    spoilt((text) => new Response(text, { headers: { 'Content-Type': 'application/json' } })),
    'captive',
  ],
  [
    'a redirect',
    instead(() => new Response(null, { status: 302, headers: { Location: '/' } })),
    'captive',
  ],
  ['401', instead(() => problem(401, 'login_required')), 'session'],
  ['403 of a proxy', instead(() => new Response('no', { status: 403 })), 'captive'],
  ['403', instead(() => problem(403, 'forbidden')), 'unexpected'],
  ['404', instead(() => problem(404, 'not_found')), 'unexpected'],
  ['413', instead(() => problem(413, 'too_large')), 'server'],
  ['429', instead(() => problem(429, 'too_many_requests')), 'busy'],
  ['500', instead(() => problem(500, 'server_error')), 'server'],
  ['502 of a proxy', instead(() => new Response('bad gateway', { status: 502 })), 'server'],
  ['503', instead(() => problem(503, 'busy')), 'busy'],
  ['a broken line', () => Promise.reject(new TypeError('reset')), 'offline'],
];

describe('never marked sent', () => {
  test.each(WEATHERS)('on %s', async (_name, weather, error) => {
    const [phone, wang] = await enrolled(server.url, 'wang');
    phone.weather = (path, init, next) =>
      path === '/api/sync/push' ? weather(path, init, next) : next(path, init);
    await register(wang, '张小梅', '13800000001');
    await register(wang, '刘春燕', '13800000002');
    await synced(wang);
    expect(states(wang)).toEqual(['waiting', 'waiting']);
    expect(wang.sync().unsent).toBe(2);
    expect(wang.sync().error).toBe(error);
    phone.weather = (path, init, next) => next(path, init);
    await synced(wang);
    expect(states(wang)).toEqual(['sent', 'sent']);
    expect(wang.sync()).toMatchObject({ error: null, unsent: 0 });
  });

  test.each(WEATHERS)(
    'and the copy of the register stays whole, on %s for a pull',
    async (_n, weather) => {
      const [phone, li] = await enrolled(server.url, 'li');
      const [, wang] = await enrolled(server.url, 'wang');
      const before = clients(li).length;
      await register(wang, '吴桂兰', '13800000003');
      await synced(wang);
      phone.weather = (path, init, next) =>
        path === '/api/sync/pull' ? weather(path, init, next) : next(path, init);
      await synced(li);
      expect(clients(li)).toHaveLength(before);
      expect(li.sync().error).not.toBeNull();
      phone.weather = (path, init, next) => next(path, init);
      if (li.sync().loginNeeded) await li.login('li', passwordOf('li'));
      await synced(li);
      expect(clients(li)).toHaveLength(before + 1);
    },
  );
});

test('an answer lost on the way back: the visit is known to the server once', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  let lost = 0;
  phone.weather = async (path, init, next) => {
    const response = await next(path, init);
    if (path !== '/api/sync/push' || lost) return response;
    lost += 1;
    throw new TypeError('reset');
  };
  const before = clients(wang).length;
  await register(wang, '李秀珍', '13800000004');
  await synced(wang);
  await synced(wang);
  expect(lost).toBe(1);
  expect(states(wang)).toEqual(['sent']);
  expect(clients(wang)).toHaveLength(before + 1);
});

test('a batch too large is halved until it passes', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const sizes: number[] = [];
  phone.weather = (path, init, next) => {
    if (path !== '/api/sync/push') return next(path, init);
    const size = (init.body as Uint8Array).length;
    sizes.push(size);
    return size > 1500 ? Promise.resolve(problem(413, 'too_large')) : next(path, init);
  };
  const open = phone.weather;
  phone.weather = () => Promise.reject(new TypeError('no network'));
  for (let i = 0; i < 8; i += 1)
    await register(wang, `何${'一二三四五六七八'[i]}`, `1380000010${i}`);
  phone.weather = open;
  await synced(wang);
  expect(new Set(states(wang))).toEqual(new Set(['sent']));
  expect(sizes.some((size) => size > 1500)).toBe(true);
});

test('one visit the server can’t take holds up none of the others', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const { gunzipSync } = await import('node:zlib');
  phone.weather = () => Promise.reject(new TypeError('no network'));
  const ids: string[] = [];
  for (let i = 0; i < 5; i += 1)
    ids.push(await register(wang, `冯${'甲乙丙丁戊'[i]}`, `1380000020${i}`));
  const poison = ids[2] ?? '';
  phone.weather = (path, init, next) => {
    if (path !== '/api/sync/push') return next(path, init);
    const raw = Buffer.from(init.body as Uint8Array);
    const text = (raw[0] === 0x1f ? gunzipSync(raw) : raw).toString();
    return text.includes(poison) ? Promise.resolve(problem(500, 'server_error')) : next(path, init);
  };
  await synced(wang);
  expect(states(wang).filter((state) => state === 'sent')).toHaveLength(4);
  expect(wang.outbox().find(({ id }) => id === poison)?.state).toBe('waiting');
  phone.weather = (path, init, next) => next(path, init);
  await synced(wang);
  expect(wang.sync().unsent).toBe(0);
});

test('a session that ended holds nothing back: pushed at once, pulled after logging in', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await phone.logOut();
  await register(wang, '许红梅', '13800000005');
  await synced(wang);
  expect(states(wang)).toEqual(['sent']);
  expect(wang.sync()).toMatchObject({ loginNeeded: true, error: 'session', unsent: 0 });
  const hong = clients(wang).find(({ title }) => title === '许红梅');
  expect(hong?.pending).toBe(true);
  await wang.login('wang', passwordOf('wang'));
  await synced(wang);
  expect(wang.sync()).toMatchObject({ loginNeeded: false, error: null });
  expect(clients(wang).find(({ title }) => title === '许红梅')?.pending).toBe(false);
});

test('entities lost from a page are noticed by the checksum and fetched', async () => {
  const [phone, li] = await enrolled(server.url, 'li');
  const [, wang] = await enrolled(server.url, 'wang');
  await register(wang, '蒋丽华', '13800000006');
  await synced(wang);
  phone.weather = async (path, init, next) => {
    const response = await next(path, init);
    if (path !== '/api/sync/pull') return response;
    const body = await response.json();
    for (const feed of Object.values(body.feeds) as { ch: unknown[] }[]) feed.ch = feed.ch.slice(2);
    return new Response(JSON.stringify(body), { headers: WIRE });
  };
  const asked = phone.requests.length;
  await synced(li);
  expect(clients(li).map(({ title }) => title)).toContain('蒋丽华');
  expect(phone.requests.slice(asked)).toContain('/api/sync/fetch');
  expect(li.sync().error).toBeNull();
});

test('a page that doesn’t get through is asked for smaller, in the same sync', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const budgets: number[] = [];
  phone.weather = async (path, init, next) => {
    if (path !== '/api/sync/pull') return next(path, init);
    const { budget } = await messageOf(init);
    budgets.push(budget);
    return budget > 20_000 ? forEver(init) : next(path, init);
  };
  const wait = globalThis.setTimeout;
  const minute = vi.spyOn(globalThis, 'setTimeout');
  minute.mockImplementation(((fn: () => void, ms?: number) =>
    wait(fn, ms === 60_000 ? 20 : ms)) as typeof setTimeout);
  await synced(wang);
  minute.mockRestore();
  expect(budgets).toEqual([524288, 131072, 32768, 16384]);
});

/** A line on which nothing comes. */
const forEver = ({ signal }: RequestInit): Promise<Response> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

test('a phone with nothing to tell asks once, and tells what it finished since', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await synced(wang);
  phone.requests.length = 0;
  await synced(wang);
  expect(phone.requests).toEqual(['/api/sync/pull']);
  await register(wang, '何小雨', '13800000301');
  await synced(wang);
  phone.requests.length = 0;
  await synced(wang);
  expect(phone.requests).toEqual(['/api/sync/verify', '/api/sync/pull']);
});

async function messageOf(init: RequestInit): Promise<{ budget: number }> {
  const packed = new Headers(init.headers).get('Content-Encoding') === 'gzip';
  const body = Buffer.from(init.body as Uint8Array);
  return JSON.parse((packed ? gunzipSync(body) : body).toString());
}
