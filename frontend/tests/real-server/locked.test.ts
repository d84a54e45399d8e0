/**
 * 王芳's phone in other hands, or in nobody's: locked, guessed at, forgotten, lost, long out of reach. What could be read is
 * gone where it must be; what she did for her clients arrives all the same.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Client } from '@/protocol/types';
import { Opened } from '@/store/opened';
import { Phone } from '@/store/phone';
import { read } from '../storage-faults/disk';
import {
  choosePassword,
  DAY,
  desk,
  door,
  fair,
  givePassword,
  guess,
  onItsWay,
  reportLost,
  rows,
  signal,
  waitOut,
} from './hands';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  passwordOf,
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

/** What of a readable copy is on the disk. */
async function readable(phone: TestPhone): Promise<string[]> {
  const { rows: all } = await read(phone.factory);
  const { meta = [], base = [], cursors = [], forms = [] } = all['fs-field'] ?? {};
  const told = (meta as { key: string }[]).map(({ key }) => key);
  const stays = ['attempts', 'contact', 'device', 'ended', 'pepper', 'terms', 'work'];
  return [
    ...told.filter((key) => !stays.includes(key)),
    ...[...base, ...cursors, ...forms].map((row) => JSON.stringify(row).slice(0, 20)),
  ];
}

/** A visit with its photo and a registration that wait, and a draft; then the signal is back. */
async function dayOut(): Promise<[TestPhone, Client]> {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '张小梅', '13800000001');
  await door(wang);
  await fill(wang, 'consent_record', consentOf('刘春燕', '13800000002'), { title: '刘春燕' });
  await wang.syncNow();
  phone.weather = fair;
  return [phone, wang];
}

test('a locked phone sends what was finished, photos too, and opens to find it sent', async () => {
  const [phone] = await dayOut();
  const locked = await phone.restart();
  expect(locked.sync().unsent).toBe(2);
  const asked = phone.requests.length;
  await locked.syncNow();
  expect(locked.phase()).toBe('locked');
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });
  expect(phone.requests.slice(asked)).not.toContain('/api/sync/pull');
  phone.weather = noSignal;
  expect(await locked.unlock(PIN)).toBe(true);
  expect(states(locked)).toEqual(['sent', 'sent']);
  expect(locked.outbox().find(({ form }) => form === 'door_check')?.attached?.sent).toBe(1);
  expect(clients(locked).map(({ title, pending }) => [title, pending])).toEqual([['张小梅', true]]);
  phone.weather = fair;
  await synced(locked);
  expect(locked.sync()).toMatchObject({ error: null, unsent: 0, unsentBlobs: 0 });
  expect(clients(locked).map(({ title, pending }) => [title, pending])).toEqual([
    ['张小梅', false],
  ]);
});

test('ten wrong PINs destroy what could be read, and nothing that was captured', async () => {
  const [phone] = await dayOut();
  const locked = await phone.restart();
  await guess(locked, phone, 9);
  expect(locked.phase()).toBe('locked');
  await guess(locked, phone, 1);
  expect(locked.phase()).toBe('fresh');
  expect(locked.ended()).toBe('attempts');
  expect(await readable(phone)).toEqual([]);
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'session' });
  await locked.syncNow();
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });

  const again = await phone.restart();
  expect(again.ended()).toBe('attempts');
  await expect(again.login('li', passwordOf('li'))).rejects.toMatchObject({ key: 'other_user' });
  await again.login('wang', passwordOf('wang'));
  await again.enrol('864209', '红米 9A');
  expect(again.ended()).toBe(null);
  await synced(again);
  expect(clients(again).map(({ title }) => title)).toContain('张小梅');
  const [draft] = again.drafts();
  expect(draft?.title).toBe('刘春燕');
  const kept = await again.draft(draft?.id ?? '');
  expect(JSON.stringify(kept?.draft.answers)).toContain('13800000002');
  expect(again.sync()).toMatchObject({ unsent: 0, unsentBlobs: 0, error: null });
  const reopened = await phone.restart();
  expect(await reopened.unlock(PIN)).toBe(false);
  expect(await reopened.unlock('864209')).toBe(true);
  expect(reopened.drafts()).toHaveLength(1);
});

test('on an open phone wrong PINs for the fingerprint count as much', async () => {
  const [phone] = await dayOut();
  const unasked = () => Promise.reject(new Error('a wrong PIN asks for no finger'));
  phone.authenticator = { isThere: async () => true, make: unasked, read: unasked };
  const open = await phone.restart();
  expect(await open.unlock(PIN)).toBe(true);
  for (let i = 0; i < 5; i += 1) expect(await open.useDevice(`13579${i}`)).toBe(false);
  await expect(open.useDevice(PIN)).rejects.toMatchObject({ key: 'locked', detail: '15' });
  await expect(open.useDevice(PIN)).rejects.toMatchObject({ key: 'locked' });
  expect(open.phase()).toBe('open');
  for (let i = 5; i < 10; i += 1) {
    waitOut(phone);
    expect(await open.useDevice(`13579${i}`)).toBe(false);
  }
  expect(open.phase()).toBe('fresh');
  expect(open.ended()).toBe('attempts');
  expect(await readable(phone)).toEqual([]);
  await open.syncNow();
  expect(open.sync()).toMatchObject({ unsent: 0, error: null });
});

test('the tenth guess counts though the app is closed over it, and two tabs guess no more often', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const locked = await phone.restart();
  await guess(locked, phone, 8);
  const two = await phone.open();
  const [first, second] = await Promise.all([locked.unlock('135791'), two.unlock('135792')]);
  expect([first, second]).toEqual([false, false]);
  const later = phone.clock() + 3600_000;
  phone.clock = () => later;
  const again = await phone.restart();
  expect(again.phase()).toBe('fresh');
  expect(await readable(phone)).toEqual([]);
});

test('a PIN forgotten and the log-in password changed meanwhile cost nothing either', async () => {
  const [phone, wang] = await dayOut();
  const { id } = wang.me();
  const password = 'eine-neue-2026!';
  await givePassword(server, id, password);
  const locked = await phone.restart();
  // What 管理员 gave opens nothing but the way to her own.
  expect(await locked.login('wang', password)).toMatchObject({ must_change_password: true });
  await choosePassword(server, 'wang', password, 'vier rote Regenschirme');
  await locked.login('wang', 'vier rote Regenschirme');
  await locked.enrol('864209', '红米 9A');
  await synced(locked);
  expect(locked.sync()).toMatchObject({ unsent: 0, unsentBlobs: 0, error: null });
  expect(locked.drafts().map(({ title }) => title)).toEqual(['刘春燕']);
  expect(clients(locked).map(({ title }) => title)).toContain('张小梅');
  await givePassword(server, id, passwordOf('wang'));
  await choosePassword(server, 'wang', passwordOf('wang'), 'fünf rote Regenschirme');
  await choosePassword(server, 'wang', 'fünf rote Regenschirme', passwordOf('wang'));
});

test('a phone reported lost while open sends its work aside, and keeps nothing', async () => {
  const [phone, wang] = await dayOut();
  await reportLost(server, phone);
  await wang.syncNow();
  expect(wang.phase()).toBe('fresh');
  expect(wang.ended()).toBe('revoked');
  expect(wang.sync().unsent).toBe(0);
  expect(await readable(phone)).toEqual([]);
  const kept = await (await desk(server, 'chen')).send('/api/review/quarantine', {});
  expect(JSON.stringify(await kept.json())).toContain('revoked');
  // Found again: 王芳 logs in, and goes on with the form she had begun.
  await wang.login('wang', passwordOf('wang'));
  await wang.enrol('864209', '红米 9A');
  await synced(wang);
  expect(wang.sync().error).toBe(null);
  expect(wang.drafts().map(({ title }) => title)).toEqual(['刘春燕']);
});

test('a phone reported lost while locked does the same, and nobody has to open it', async () => {
  const [phone] = await dayOut();
  await reportLost(server, phone);
  const locked = await phone.restart();
  phone.timers = true;
  await locked.syncNow();
  expect(locked.phase()).toBe('fresh');
  expect(locked.ended()).toBe('revoked');
  expect(await readable(phone)).toEqual([]);
  await locked.syncNow();
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });
  phone.off();
});

test('after a month without contact nothing readable stays, though nobody opens the phone, and nothing captured is lost', async () => {
  const [phone, wang] = await dayOut();
  phone.weather = noSignal;
  expect(wang.phase()).toBe('open');
  const left = Date.now();
  // A clock wrong by decades, set right again, costs nothing.
  phone.clock = () => left - 50 * 365 * DAY;
  let locked = await phone.restart();
  expect(await locked.unlock(PIN)).toBe(true);
  phone.clock = () => left + 29 * DAY;
  locked = await phone.restart();
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'lease' });
  expect(await readable(phone)).not.toEqual([]);
  phone.clock = () => left + 31 * DAY;
  phone.timers = true;
  locked = await phone.restart();
  await vi.waitFor(() => expect(locked.phase()).toBe('fresh'), 20_000);
  expect(locked.ended()).toBe('silence');
  expect(await readable(phone)).toEqual([]);
  phone.timers = false;
  phone.clock = () => left;
  locked = await phone.restart();
  expect([locked.phase(), locked.ended()]).toEqual(['fresh', 'silence']);
  phone.weather = fair;
  await locked.syncNow();
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });
  await locked.login('wang', passwordOf('wang'));
  await locked.enrol('864209', '红米 9A');
  await synced(locked);
  expect(locked.drafts().map(({ title }) => title)).toEqual(['刘春燕']);
  expect(clients(locked).map(({ title }) => title)).toContain('张小梅');
});

test('left on at its PIN for a month: the server is asked first, and only if it cannot be reached all is erased', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const enrolledAt = Date.now();
  const locked = await phone.restart();
  phone.clock = () => enrolledAt + 31 * DAY;
  expect(await locked.unlock(PIN)).toBe(true);
  locked.lock();
  phone.weather = noSignal;
  phone.clock = () => enrolledAt + 62 * DAY;
  expect(await locked.unlock(PIN)).toBe(false);
  expect([locked.phase(), locked.ended()]).toEqual(['fresh', 'silence']);
  expect(await readable(phone)).toEqual([]);
});

test('a sync that locking cut short was neither whole nor a contact, and writes nothing once all is erased', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const { at } = await contactOf(phone);
  phone.clock = () => at + DAY;
  let locked = await cutShort(phone, '/api/sync/verify');
  expect(await contactOf(phone)).toMatchObject({ at });
  locked = await cutShort(phone, '/api/sync/pull');
  expect(await locked.unlock(PIN)).toBe(true);
  expect(Date.parse(locked.sync().lastFull ?? '')).toBeLessThan(at + DAY);
  await cutShort(phone, '/api/sync/pull', (client) => guess(client, phone, 10));
  expect(await readable(phone)).toEqual([]);
});

/** Locked while an answer to the sync of the opened phone is on its way. */
async function cutShort(
  phone: TestPhone,
  held: string,
  meanwhile: (client: Client) => Promise<void> = () => Promise.resolve(),
): Promise<Client> {
  const client = await phone.restart();
  const { asked, arrive } = onItsWay(phone, held);
  expect(await client.unlock(PIN)).toBe(true);
  await asked;
  client.lock();
  phone.weather = noSignal;
  await meanwhile(client);
  arrive();
  await client.syncNow();
  return client;
}

const contactOf = async (phone: TestPhone) =>
  (await rows(phone, 'fs-field', 'meta')).contact?.value as { at: number };

test('hidden again while it is being opened, a phone stays locked, and goes on sending', async () => {
  const [phone] = await dayOut();
  const locked = await phone.restart();
  const opening = locked.unlock(PIN);
  locked.lock();
  await expect(opening).rejects.toMatchObject({ key: 'phone_locked' });
  expect(locked.phase()).toBe('locked');
  await locked.syncNow();
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });
  expect(await locked.unlock(PIN)).toBe(true);
});

test('reported lost while it is being opened, it shows nothing more', async () => {
  const [phone] = await dayOut();
  await reportLost(server, phone);
  const locked = await phone.restart();
  const { asked, arrive } = onItsWay(phone, '/api/sync/verify');
  void locked.syncNow();
  await asked;
  const { sealLagging } = Opened.prototype;
  vi.spyOn(Opened.prototype, 'sealLagging').mockImplementationOnce(async function (this: Opened) {
    arrive();
    await vi.waitFor(async () => expect(await readable(phone)).toEqual([]), 20_000);
    await sealLagging.call(this);
  });
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'phone_locked' });
  expect([locked.phase(), locked.ended()]).toEqual(['fresh', 'revoked']);
});

test('a phone that could not be opened goes on sending', async () => {
  const [phone] = await dayOut();
  const locked = await phone.restart();
  vi.spyOn(Opened.prototype, 'load').mockRejectedValueOnce(new Error('disk'));
  await expect(locked.unlock(PIN)).rejects.toThrow('disk');
  expect(locked.sync().unsent).toBe(2);
  await locked.syncNow();
  expect(locked.sync()).toMatchObject({ unsent: 0, error: null });
});

test('what an opened phone was syncing when it was locked says nothing of the locked one', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const client = await phone.restart();
  expect(await client.unlock(PIN)).toBe(true);
  await client.syncNow();
  const [cut, breakOff] = signal();
  const [asked, seen] = signal();
  phone.weather = async () => {
    seen();
    await cut;
    throw new TypeError('no network');
  };
  const syncing = client.syncNow();
  await asked;
  client.lock();
  breakOff();
  await syncing;
  expect(client.sync()).toMatchObject({ running: false, error: null, online: true });
});

test('right PINs that could not be tried count for nothing', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const locked = await phone.restart();
  await guess(locked, phone, 9);
  const broken = vi.spyOn(Phone.prototype, 'pepper').mockRejectedValue(new Error('disk'));
  for (let i = 0; i < 3; i += 1) await expect(locked.unlock(PIN)).rejects.toThrow('disk');
  broken.mockRestore();
  expect(locked.phase()).toBe('locked');
  expect(await locked.guessesLeft()).toBe(1);
  expect(await locked.unlock(PIN)).toBe(true);
});

test('a clock set back after wrong PINs has the wait begin once more, and end', async () => {
  const [phone] = await enrolled(server.url, 'wang');
  const locked = await phone.restart();
  const now = Date.now();
  phone.clock = () => now + 3 * DAY;
  for (let i = 0; i < 5; i += 1) expect(await locked.unlock(`13579${i}`)).toBe(false);
  phone.clock = () => now;
  const waiting = { key: 'locked', detail: '15' };
  await expect(locked.unlock(PIN)).rejects.toMatchObject(waiting);
  phone.clock = () => now + 14_000;
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'locked', detail: '1' });
  phone.clock = () => now + 16_000;
  expect(await locked.unlock(PIN)).toBe(true);
});

test('out of reach for more than fourteen days a phone shows nothing, whatever its clock says', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '张小梅', '13800000001');
  const enrolledAt = Date.now();
  phone.clock = () => enrolledAt + 13 * DAY;
  let locked = await phone.restart();
  expect(await locked.unlock(PIN)).toBe(true);
  phone.clock = () => enrolledAt + 15 * DAY;
  locked = await phone.restart();
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'lease' });
  expect(locked.phase()).toBe('locked');
  phone.clock = () => enrolledAt + 2 * DAY;
  locked = await phone.restart();
  await expect(locked.unlock(PIN)).rejects.toMatchObject({ key: 'lease' });
  phone.weather = fair;
  expect(await locked.unlock(PIN)).toBe(true);
  await synced(locked);
  expect(states(locked)).toEqual(['sent']);
});
