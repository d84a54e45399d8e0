/** Work that comes back from the desk, and rights that change while visits are on their way. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSession } from '@/forms/session';
import type { Client } from '@/protocol/types';
import { openForm } from '@/screens/field/form/opening';
import type { Opened } from '@/store/opened';
import {
  enrolled,
  noSignal,
  passwordOf,
  type Server,
  SHIQIAO,
  startServer,
  synced,
  TestPhone,
  visit,
} from './phone';
import { clients, flatOf, IDENTITY_NUMBER, register, states } from './stories';

interface Queue {
  items: { id: string; subject: string }[];
}

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** A browser at the desk. */
async function desk(
  username: string,
): Promise<(path: string, body: unknown, method?: string) => Promise<unknown>> {
  const browser = new TestPhone(server.url);
  const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
  const send = async (path: string, body: unknown, method = 'POST') => {
    const response = await browser.send(path, {
      method,
      headers,
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response.json();
  };
  await send('/api/session', { username, password: passwordOf(username) });
  return send;
}

const returnTo = async (
  submission: string,
  text: string,
  path = 'g_person/n_phone',
  reviewer = 'chen',
) => {
  const send = await desk(reviewer);
  await send(`/api/review/visits/${submission}/decision`, {
    state: 'returned',
    seen: 'received',
    notes: [{ path, text }],
  });
};

/** Opens returned work, or goes on with it, and changes answers; the draft is saved. */
async function begin(client: Client, submission: string, changed: Record<string, string>) {
  const draftId = `correct-${submission}`;
  const opening = await openForm(client, draftId, { corrects: submission }, null);
  if (!opening?.draft) throw new Error('nothing to correct');
  const { def, draft, scope, area, title, corrects } = opening;
  const session = createSession(def, client.host(scope, def), { draft });
  for (const [path, value] of Object.entries(changed)) session.set(path, value);
  const about = { area, title, corrects };
  const saved = { ...about, form: def.id, version: def.version, scope, draft: session.snapshot() };
  await client.saveDraft({ ...saved, id: draftId, updated: new Date().toISOString() });
  const { touched } = session.snapshot();
  return { ...about, draftId, def, answers: session.finish(), touched };
}

/** … and finishes it as a correction. */
async function correct(client: Client, submission: string, changed: Record<string, string>) {
  return client.finish(await begin(client, submission, changed));
}

function opsOf(client: Client, id: string) {
  const { current } = client as unknown as { current: { opened: Opened } };
  return current.opened.items.submission(id)?.ops.map(({ r, v }) => [r, v]);
}

async function approve(submission: string, reviewer: string): Promise<void> {
  const send = await desk(reviewer);
  const decision = { state: 'approved', seen: 'returned', notes: [] };
  await send(`/api/review/visits/${submission}/decision`, decision);
}

test('陈静 returns a visit with a note; 王芳 corrects the number, and only that is replaced', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await register(wang, '张小梅', '13800000001');
  await synced(wang);
  await returnTo(submission, '少了一位，请核对');
  await synced(wang);
  expect(states(wang)).toEqual(['returned']);
  expect(wang.returned()).toMatchObject([
    {
      submission,
      by: '陈静',
      form: 'consent_record',
      notes: [{ path: 'g_person/n_phone', text: '少了一位，请核对' }],
      answers: { g_person: { n_name: '张小梅' } },
    },
  ]);
  const before = clients(wang)[0]?.live;
  await correct(wang, submission, { 'g_person/n_phone': '13800000011' });
  expect(wang.returned()).toEqual([]);
  await synced(wang);
  expect(states(wang)).toEqual(['sent', 'sent']);
  expect(wang.returned()).toEqual([]);
  const after = clients(wang)[0]?.live;
  expect(clients(wang)).toHaveLength(1);
  expect(after?.phone?.map(({ v }) => v)).toEqual(['13800000011']);
  expect({ ...after, phone: [] }).toEqual({ ...before, phone: [] });
});

test('a number that should never have been noted is taken back', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await register(wang, '刘春燕', '13800000002');
  await synced(wang);
  await returnTo(submission, '她不想留电话');
  await synced(wang);
  await correct(wang, submission, { 'g_person/n_phone': '' });
  await synced(wang);
  const yan = clients(wang).find(({ title }) => title === '刘春燕');
  expect(yan?.props.phone).toBeUndefined();
  expect(yan?.props.full_name).toBe('刘春燕');
});

test('a flat is measured again; the tenant’s identity number, never shown again, stands as sent', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await visit(wang, 'rental_register', flatOf('东侧'));
  await synced(wang);
  await returnTo(submission, '请再量一次', 'g_dw/g_let/area_m2', 'zhao');
  await synced(wang);
  const [task] = wang.returned();
  expect(task?.kept).toEqual(['residents[0]/r_idno']);
  expect(JSON.stringify(task)).not.toContain(IDENTITY_NUMBER);
  await correct(wang, submission, { 'g_dw/g_let/area_m2': '76' });
  await synced(wang);
  expect(states(wang)).toEqual(['sent', 'sent']);
  const housing = wang.registry('housing');
  const flat = housing.list('dwelling').find(({ title }) => title.includes('东侧'));
  expect(flat?.props.area_m2).toBe('76');
  const [tenancy] = housing.find('tenancy', 'dwelling', flat?.id ?? '');
  const tenant = housing.get(tenancy?.props.person ?? '');
  expect(tenant?.props.id_last4).toBe(IDENTITY_NUMBER.slice(-4));
  const zhao = await desk('zhao');
  const queue = (await zhao('/api/review/visits?state=received', undefined, 'GET')) as Queue;
  const correction = queue.items.find(({ subject }) => subject.includes('东侧'));
  const seen = await zhao(`/api/review/visits/${correction?.id}`, undefined, 'GET');
  expect(seen).toMatchObject({ corrects: submission, findings: [] });
});

test('a correction begun stays one, though the visit was approved meanwhile', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await register(wang, '郑秀英', '13800000003');
  await synced(wang);
  await returnTo(submission, '少了一位，请核对');
  await synced(wang);
  await begin(wang, submission, { 'g_person/n_phone': '13800000033' });
  await approve(submission, 'chen');
  await synced(wang);
  expect(wang.returned()).toEqual([]);
  const correction = await correct(wang, submission, {});
  await synced(wang);
  const ying = clients(wang).find(({ title }) => title === '郑秀英');
  expect(ying?.live.phone?.map(({ v }) => v)).toEqual(['13800000033']);
  const chen = await desk('chen');
  const seen = await chen(`/api/review/visits/${correction}`, undefined, 'GET');
  expect(seen).toMatchObject({ corrects: submission, findings: [] });
});

test('so does one of a flat, and the tenant’s identity number stands as sent', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await visit(wang, 'rental_register', flatOf('西侧'));
  await synced(wang);
  await returnTo(submission, '请再量一次', 'g_dw/g_let/area_m2', 'zhao');
  await synced(wang);
  await begin(wang, submission, { 'g_dw/g_let/area_m2': '77' });
  await approve(submission, 'zhao');
  await synced(wang);
  const written = opsOf(wang, await correct(wang, submission, {}));
  expect(written).toEqual([['area_m2', '77']]);
});

test('returned work reaches 王芳’s new phone with its answers', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const submission = await register(wang, '吴桂兰', '13800000003');
  await synced(wang);
  await returnTo(submission, '请再核对');
  const [, fresh] = await enrolled(server.url, 'wang');
  const task = fresh.returned().find((returned) => returned.submission === submission);
  expect(task).toMatchObject({ scope: 'health', answers: { g_person: { n_name: '吴桂兰' } } });
  await correct(fresh, submission, { 'g_person/n_phone': '13800000033' });
  await synced(fresh);
  const lan = clients(fresh).find(({ title }) => title === '吴桂兰');
  expect(lan?.live.phone?.map(({ v }) => v)).toEqual(['13800000033']);
});

test('李娜 loses a village: its records leave her phone, what she wrote still arrives', async () => {
  const [phone, li] = await enrolled(server.url, 'li');
  const people = async (names: string[]) => {
    for (const name of names) await register(li, name, '13800000004');
  };
  await people(['周雪']);
  await synced(li);
  const count = clients(li).length;
  expect(count).toBeGreaterThan(0);
  phone.weather = noSignal;
  await people(['郑秀英']);
  const admin = await desk('admin');
  await admin(
    `/api/users/${li.me().id}`,
    { grants: [{ area: SHIQIAO, scope: 'health' }] },
    'PATCH',
  );
  phone.weather = (path, init, next) => next(path, init);
  await synced(li, li);
  expect(li.outbox()[0]).toMatchObject({ state: 'attention', why: 'authz' });
  expect(clients(li)).toEqual([]);
  expect(
    li
      .host('health')
      .items('area')
      .map(({ label }) => label),
  ).toEqual(['石桥村']);
  expect(li.sync()).toMatchObject({ error: null, unsent: 0 });
  // 陈静, whose village it is, lets it in; 李娜's phone learns of it without being given the record back.
  const [sid] = li.outbox().map(({ id }) => id);
  const chen = await desk('chen');
  const reason = '李娜当天确在柳林村';
  await expect(chen(`/api/review/quarantine/${sid}/release`, { reason: '' })).rejects.toThrow(
    '422',
  );
  await chen(`/api/review/quarantine/${sid}/release`, { reason });
  await synced(li);
  expect(li.outbox()[0]).toMatchObject({ id: sid, state: 'sent' });
  expect(clients(li)).toEqual([]);
  await admin(
    `/api/users/${li.me().id}`,
    { grants: ['379901001001', SHIQIAO].map((area) => ({ area, scope: 'health' })) },
    'PATCH',
  );
  await synced(li);
  expect(clients(li)).toHaveLength(count + 1);
});
