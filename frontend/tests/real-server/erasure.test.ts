/** Somebody is erased at the desk: what phones of the cast held of her goes, what they were about to send is refused. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client } from '@/protocol/types';
import { enrolled, noSignal, PIN, passwordOf, type Server, startServer, TestPhone } from './phone';
import { changePhone, clients, register, states } from './stories';

const HER = '张小梅';
const HER_PHONE = '13800001111';
const FIGURES = new URL('../../test-results/', import.meta.url);

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>;
interface Certificate {
  id: string;
  waiting: number;
  phones: { answered: string | null; owner: string }[];
}

async function desk(username: string): Promise<Send> {
  const browser = new TestPhone(server.url);
  const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
  const send = async <T>(method: string, path: string, body?: unknown) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await browser.send(path, { method, headers, ...text });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  await send('POST', '/api/session', { username, password: passwordOf(username) });
  return send;
}

/** Asked for and done; what of it phones have confirmed. */
async function erase(send: Send, subject: string, name: string): Promise<Certificate> {
  const wish = { kind: 'delete', subject };
  const request = await send<{ id: string }>('POST', '/api/rights/requests', wish);
  const address = `/api/rights/requests/${request.id}/erasure`;
  const { seen } = await send<{ seen: string }>('GET', address);
  return send('POST', address, { reason: '本人当面提出', confirm: name, seen });
}

/** Everything an open phone shows or could send of anybody. */
const shownBy = (client: Client) =>
  JSON.stringify([
    clients(client),
    client.registry('health').list('consent'),
    client.drafts(),
    client.outbox(),
    client.returned(),
  ]);

async function draftAbout(client: Client, id: string): Promise<void> {
  const def = await client.definition('consent_record');
  const draft = {
    answers: { g_start: { known: '1', person_id: id }, g_person: { n_name: HER } },
    touched: [],
  };
  await client.saveDraft({
    ...{ id: newId(), form: def.id, version: def.version, scope: 'health' as const },
    ...{
      title: HER,
      area: '379901001001',
      corrects: null,
      updated: new Date().toISOString(),
      draft,
    },
  });
}

test('phones let go of her, and what comes late is refused and emptied', async () => {
  const [wangs, wang] = await enrolled(server.url, 'wang');
  const [lis, li] = await enrolled(server.url, 'li');
  await register(wang, HER, HER_PHONE);
  await register(wang, '刘春燕', '13800002222');
  await wang.syncNow();
  await li.syncNow();
  const id = clients(li).find((one) => one.title === HER)?.id ?? '';
  await draftAbout(wang, id);
  lis.weather = noSignal;
  await changePhone(li, id, '13800003333');
  await draftAbout(li, id);
  expect(shownBy(wang)).toContain(HER);

  const shen = await desk('steward');
  const certificate = await erase(shen, id, HER);
  expect(certificate.waiting).toBe(2);

  await wang.syncNow();
  await wang.syncNow();
  expect(shownBy(wang)).not.toContain(HER);
  expect(shownBy(wang)).not.toContain(HER_PHONE);
  expect(clients(wang).map(({ title }) => title)).toEqual(['刘春燕']);
  expect(wang.drafts()).toEqual([]);
  const now = await shen<Certificate>('GET', `/api/rights/erasures/${certificate.id}`);
  expect(now.phones.map(({ owner, answered }) => [owner, answered !== null])).toEqual([
    ['李娜', false],
    ['王芳', true],
  ]);

  // 李娜 was away. Nothing she saved is lost in silence: it is sent, refused, and told.
  expect(shownBy(li)).toContain(HER);
  lis.weather = (path, init, next) => next(path, init);
  await li.syncNow();
  await li.syncNow();
  expect(states(li)).toEqual(['attention']);
  expect(li.outbox()[0]).toMatchObject({ title: '', why: 'erased' });
  expect(shownBy(li)).not.toContain(HER);
  expect(shownBy(li)).not.toContain('13800003333');
  expect(li.drafts()).toEqual([]);
  const kept = await (await desk('chen'))<{ why: string; id: string }[]>(
    'GET',
    '/api/review/quarantine',
  );
  expect(kept.map(({ why }) => why)).toEqual(['erased']);
  const end = await shen<Certificate>('GET', `/api/rights/erasures/${certificate.id}`);
  expect(end.waiting).toBe(0);

  // Opened again, from the disk: nothing comes back, and she may begin anew.
  const again = await lis.restart();
  await again.unlock(PIN);
  await again.syncNow();
  expect(shownBy(again)).not.toContain(HER);
  await register(again, HER, HER_PHONE);
  await again.syncNow();
  expect(clients(again).map(({ title }) => title)).toContain(HER);
  expect(wangs.requests.some((path) => path.endsWith('/manifest'))).toBe(false);
  mkdirSync(FIGURES, { recursive: true });
  writeFileSync(
    new URL('erase.txt', FIGURES),
    'phones=2 purged=2 late_visits=1 refused=1 readable=0\n',
  );
});

test('a phone that goes down while it lets go is told again', async () => {
  const [wangs, wang] = await enrolled(server.url, 'wang');
  const name = '赵小红';
  await register(wang, name, '13800004444');
  await wang.syncNow();
  const id = clients(wang).find((one) => one.title === name)?.id ?? '';
  await draftAbout(wang, id);
  await erase(await desk('steward'), id, name);
  let cut = true;
  wangs.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (cut && path.endsWith('/pull')) wangs.off();
    return answer;
  };
  await wang.syncNow().catch(() => undefined);
  cut = false;
  const again = await wangs.restart();
  await again.unlock(PIN);
  await again.syncNow();
  expect(shownBy(again)).not.toContain(name);
  expect(again.drafts()).toEqual([]);
});

test('a draft that nobody goes on with for two weeks goes, by the clock of the server', async () => {
  const [wangs, wang] = await enrolled(server.url, 'wang');
  let ahead = 0;
  wangs.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (!path.endsWith('/pull') || !answer.ok) return answer;
    const told = (await answer.json()) as { server_now: string };
    const server_now = new Date(Date.parse(told.server_now) + ahead).toISOString();
    return new Response(JSON.stringify({ ...told, server_now }), { headers: answer.headers });
  };
  const DAY = 24 * 3600_000;
  await draftAbout(wang, newId());
  wangs.clock = () => Date.now() + 400 * DAY;
  await wang.syncNow();
  expect(wang.drafts()).toHaveLength(1);
  ahead = 13 * DAY;
  await wang.syncNow();
  expect(wang.drafts()).toHaveLength(1);
  const [draft] = wang.drafts();
  const stored = draft && (await wang.draft(draft.id));
  if (stored) await wang.saveDraft({ ...stored, updated: new Date(1).toISOString() });
  ahead = 20 * DAY;
  await wang.syncNow();
  expect(wang.drafts()).toHaveLength(1);
  ahead = 35 * DAY;
  await wang.syncNow();
  expect(wang.drafts()).toEqual([]);
});
