/** 王芳's phone in two tabs: what becomes of it in one holds in the other, and neither takes away what the other keeps. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Client } from '@/protocol/types';
import { Opened } from '@/store/opened';
import type { Phone } from '@/store/phone';
import {
  choosePassword,
  DAY,
  fair,
  givePassword,
  guess,
  onItsWay,
  reportLost,
  rows,
  signal,
} from './hands';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  passwordOf,
  type Server,
  startServer,
  type TestPhone,
} from './phone';
import { consentOf, register } from './stories';

const NEW_PIN = '864209';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const titles = (client: Client) => client.drafts().map(({ title }) => title);
const begin = (client: Client, name: string, draftId?: string) =>
  fill(client, 'consent_record', consentOf(name, '13800000002'), {
    title: name,
    ...(draftId ? { draftId } : {}),
  });

async function opened(phone: TestPhone): Promise<Client> {
  const client = await phone.open();
  expect(await client.unlock(PIN)).toBe(true);
  await client.syncNow();
  return client;
}

/** A finger that waits until it is asked for, and then until it is there. */
function finger(phone: TestPhone) {
  const [there, touch] = signal();
  const [asked, ask] = signal();
  const salt = new Uint8Array(32).fill(7).buffer;
  const output = new Uint8Array(32).fill(9).buffer;
  phone.authenticator = {
    isThere: async () => true,
    make: async () => {
      ask();
      await there;
      return { credential: salt, salt, output };
    },
    read: async () => output,
  };
  return { asked, touch };
}

test('a draft gone on with in one tab is not too old in the other', async () => {
  const [phone, one] = await enrolled(server.url, 'wang');
  let ahead = 0;
  phone.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (!path.endsWith('/pull') || !answer.ok) return answer;
    const told = (await answer.json()) as { server_now: string };
    const server_now = new Date(Date.parse(told.server_now) + ahead).toISOString();
    return new Response(JSON.stringify({ ...told, server_now }), { headers: answer.headers });
  };
  const { draftId } = await begin(one, '刘春燕');
  await begin(one, '吴桂兰');
  const two = await opened(phone);
  await begin(one, '刘春燕二', draftId);
  ahead = 15 * DAY;
  await two.syncNow();
  phone.weather = fair;
  const again = await phone.restart();
  expect(await again.unlock(PIN)).toBe(true);
  expect(titles(again)).toEqual(['刘春燕二']);
});

test('work begun between the log-in and the PIN of somebody else stays', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const one = await phone.restart();
  const two = await phone.open();
  await one.login('chen', passwordOf('chen'));
  phone.weather = noSignal;
  expect(await two.unlock(PIN)).toBe(true);
  await begin(two, '刘春燕');
  phone.weather = fair;
  await expect(one.enrol(NEW_PIN, 'x')).rejects.toMatchObject({ key: 'other_user' });
  expect(titles(two)).toEqual(['刘春燕']);
  expect(await (await phone.restart()).unlock(PIN)).toBe(true);
});

test('a phone reported lost is so in every tab, though the disk hardly lets it be told', async () => {
  const [phone, one] = await enrolled(server.url, 'wang');
  const two = await opened(phone);
  const told = vi.fn();
  one.on('phase', told);
  await reportLost(server, phone);
  vi.spyOn((one as unknown as { phone: Phone }).phone, 'device').mockRejectedValue(
    new Error('disk'),
  );
  vi.spyOn((two as unknown as { phone: Phone }).phone, 'lock').mockRejectedValueOnce(
    new Error('disk'),
  );
  await one.syncNow().catch(() => undefined);
  expect(one.phase()).toBe('fresh');
  expect(told).toHaveBeenCalled();
  await vi.waitFor(() => expect(two.phase()).not.toBe('open'));
  await expect(two.unlock(PIN)).rejects.toMatchObject({ key: 'phone_locked' });
  expect([two.phase(), two.ended()]).toEqual(['fresh', 'revoked']);
});

test('ten wrong PINs in one tab while the other is being opened leave nothing open', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '张小梅', '13800000001');
  const one = await phone.restart();
  const two = await phone.open();
  const { sealLagging } = Opened.prototype;
  vi.spyOn(Opened.prototype, 'sealLagging').mockImplementationOnce(async function (this: Opened) {
    await guess(one, phone, 10);
    await sealLagging.call(this);
  });
  await expect(two.unlock(PIN)).rejects.toMatchObject({ key: 'phone_locked' });
  await vi.waitFor(() => expect([one.phase(), two.phase()]).toEqual(['fresh', 'fresh']));
});

test('a fingerprint turned on or off in one tab is so in the other', async () => {
  const [phone, one] = await enrolled(server.url, 'wang');
  finger(phone).touch();
  const two = await phone.restart();
  const three = await phone.open();
  expect(await two.unlock(PIN)).toBe(true);
  expect(await two.useDevice(PIN)).toBe(true);
  await vi.waitFor(() => expect(three.opensByDevice()).toBe(true));
  expect(await three.unlockByDevice()).toBe(true);
  three.lock();
  await two.forgetDevice();
  expect(await three.unlockByDevice()).toBe(false);
  await vi.waitFor(() => expect(three.opensByDevice()).toBe(false));
  expect(one.phase()).toBe('locked');
});

test('a fingerprint set up while another tab sets a new PIN brings back no old one', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const { asked, touch } = finger(phone);
  const one = await phone.restart();
  expect(await one.unlock(PIN)).toBe(true);
  await one.syncNow();
  const setting = one.useDevice(PIN);
  await asked;
  const two = await phone.open();
  await two.login('wang', passwordOf('wang'));
  await two.enrol(NEW_PIN, 'x');
  touch();
  expect(await setting).toBe(true);
  const again = await phone.restart();
  expect(await again.unlock(PIN)).toBe(false);
  expect(await again.unlock(NEW_PIN)).toBe(true);
  again.lock();
  expect(await again.unlockByDevice()).toBe(true);
});

test('an unlock that waited while the phone was begun anew takes no draft with it', async () => {
  const [phone, li] = await enrolled(server.url, 'li');
  await begin(li, '刘春燕');
  await li.syncNow();
  await givePassword(server, li.me().id, 'eine-neue-2026!');
  await choosePassword(server, 'li', 'eine-neue-2026!', 'vier rote Regenschirme');
  phone.off();
  const now = Date.now();
  phone.clock = () => now + 15 * DAY;
  const two = await phone.open();
  const one = await phone.open();
  const { asked, arrive } = onItsWay(phone, '/api/sync/verify');
  const unlocking = expect(two.unlock(PIN)).rejects.toMatchObject({ key: 'phone_locked' });
  await asked;
  await one.login('li', 'vier rote Regenschirme');
  const enrolling = one.enrol(NEW_PIN, 'x');
  await vi.waitFor(() => expect(one.phase()).toBe('open'), 20_000);
  arrive();
  await Promise.all([unlocking, enrolling]);
  expect(await two.guessesLeft()).toBe(10);
  await begin(one, '孙凤琴');
  const again = await phone.restart();
  expect(await again.unlock(NEW_PIN)).toBe(true);
  expect(titles(again).sort()).toEqual(['刘春燕', '孙凤琴'].sort());
  expect(Object.keys(await rows(phone, 'fs-field', 'drafts'))).toHaveLength(2);
});
