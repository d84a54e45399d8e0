import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  enrolled,
  fill,
  noSignal,
  one,
  PIN,
  type Server,
  startServer,
  synced,
  visit,
} from './phone';
import { changePhone, clients, consentOf, phones, register, states } from './stories';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

test('王芳 registers 张小梅 with no signal; she is there at once, and with 陈静 after the way home', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const [, chen] = await enrolled(server.url, 'chen');
  phone.weather = noSignal;
  await register(wang, '张小梅', '13800000001');
  const mei = one(wang, 'health', 'client');
  expect(mei).toMatchObject({ title: '张小梅', pending: true, conflicts: [] });
  expect(mei.props.phone).toBe('13800000001');
  expect(states(wang)).toEqual(['waiting']);
  expect(wang.drafts()).toEqual([]);
  await synced(wang);
  expect(wang.sync()).toMatchObject({ error: 'offline', unsent: 1 });

  phone.weather = (path, init, next) => next(path, init);
  await synced(wang);
  expect(states(wang)).toEqual(['sent']);
  expect(wang.sync()).toMatchObject({ error: null, unsent: 0 });
  expect(one(wang, 'health', 'client')).toMatchObject({ title: '张小梅', pending: false });
  await synced(chen);
  expect(clients(chen).map(({ title }) => title)).toContain('张小梅');
  expect(chen.registry('health').find('consent', 'person', mei.id)).toHaveLength(3);
});

test('王芳 and 李娜 note different numbers the same day; both stay until somebody asks again', async () => {
  const [wangPhone, wang] = await enrolled(server.url, 'wang');
  const [liPhone, li] = await enrolled(server.url, 'li');
  await register(wang, '刘春燕', '13800000002');
  await synced(wang, li);
  const yan = clients(li).find(({ title }) => title === '刘春燕')?.id ?? '';
  const fair = wangPhone.weather;
  wangPhone.weather = noSignal;
  liPhone.weather = noSignal;
  await changePhone(wang, yan, '13900000003');
  await changePhone(li, yan, '13900000004');
  wangPhone.weather = fair;
  liPhone.weather = fair;
  await synced(wang, li, wang);
  for (const worker of [wang, li]) {
    expect(phones(worker, yan)).toEqual(['13900000003', '13900000004']);
    expect(worker.registry('health').get(yan)?.conflicts).toEqual(['phone']);
  }
  await changePhone(li, yan, '13900000004');
  expect(phones(li, yan)).toEqual(['13900000004']);
  await synced(li, wang);
  expect(phones(wang, yan)).toEqual(['13900000004']);
  expect(wang.registry('health').get(yan)).toMatchObject({ conflicts: [], pending: false });
});

test('a number changed while the form lay open is not overwritten by one who never saw it', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  const [, li] = await enrolled(server.url, 'li');
  await register(wang, '周雪', '13800000005');
  await synced(wang, li);
  const xue = clients(li).find(({ title }) => title === '周雪')?.id ?? '';
  const answers = { 'g_start/known': '1', 'g_start/person_id': xue, 'g_start/what_for': 'data' };
  const input = await fill(li, 'consent_record', {
    ...answers,
    'g_person/n_phone': '13900000007',
  });
  await changePhone(wang, xue, '13900000006');
  await synced(wang, li);
  expect(phones(li, xue)).toEqual(['13900000006']);
  await li.finish(input);
  await synced(li, wang);
  expect(phones(wang, xue)).toEqual(['13900000006', '13900000007']);
});

test('details looked at and left alone write nothing', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  await register(wang, '吴桂兰', '13800000008');
  await synced(wang);
  const lan = clients(wang).find(({ title }) => title === '吴桂兰');
  const before = lan?.live;
  await visit(wang, 'consent_record', {
    'g_start/known': '1',
    'g_start/person_id': lan?.id ?? '',
    'g_start/what_for': 'data',
  });
  await synced(wang);
  expect(wang.registry('health').get(lan?.id ?? '')?.live).toEqual(before);
});

test('what a restart finds: drafts, outbox and register as they were, behind the PIN', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '郑秀英', '13800000009');
  const { draftId } = await fill(wang, 'consent_record', consentOf('半途', '13800000010'), {
    title: '半途',
  });
  const again = await phone.restart();
  expect(again.phase()).toBe('locked');
  expect(() => again.drafts()).toThrow();
  expect(await again.unlock(PIN)).toBe(true);
  expect(again.phase()).toBe('open');
  expect(again.drafts().map(({ title }) => title)).toEqual(['半途']);
  expect((await again.draft(draftId))?.draft.answers).toMatchObject({ g_start: { known: '0' } });
  expect(states(again)).toEqual(['waiting']);
  expect(clients(again).map(({ title }) => title)).toContain('郑秀英');
});
