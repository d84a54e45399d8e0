/** A phone in other hands: what lies on its disk, what others do at the desk, and answers that come late. */
import { expect } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client } from '@/protocol/types';
import { read } from '../storage-faults/disk';
import { fill, passwordOf, type Server, TestPhone, type Weather } from './phone';

export const fair: Weather = (path, init, next) => next(path, init);
export const DAY = 24 * 3600_000;
const HEADERS = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };

export async function ask(
  browser: TestPhone,
  method: string,
  path: string,
  body: unknown = {},
): Promise<void> {
  const answer = await browser.send(path, { method, headers: HEADERS, body: JSON.stringify(body) });
  expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
}

export async function desk(
  server: Server,
  username: string,
  password = passwordOf(username),
): Promise<TestPhone> {
  const browser = new TestPhone(server.url);
  await ask(browser, 'POST', '/api/session', { username, password });
  return browser;
}

/** 管理员 gives somebody a password, who then chooses their own. */
export async function givePassword(server: Server, id: string, password: string): Promise<void> {
  await ask(await desk(server, 'admin'), 'PATCH', `/api/users/${id}`, { password });
}
export async function choosePassword(
  server: Server,
  username: string,
  old: string,
  own: string,
): Promise<void> {
  await ask(await desk(server, username, old), 'POST', '/api/own/password', { old, new: own });
}

/** 管理员 reports the phone as lost. */
export async function reportLost(server: Server, phone: TestPhone): Promise<void> {
  const device = (await rows(phone, 'fs-field', 'meta')).device as { value: { id: string } };
  await ask(await desk(server, 'admin'), 'POST', `/api/devices/${device.value.id}/revoke`);
}

export async function rows(phone: TestPhone, db: string, store: string) {
  const disk = await read(phone.factory);
  const all = (disk.rows[db]?.[store] ?? []) as { key?: string; id?: string }[];
  return Object.fromEntries(all.map((row) => [row.key ?? row.id, row])) as Record<
    string,
    { key: string; value: unknown }
  >;
}

/** A visit with a photo. */
export async function door(client: Client): Promise<string> {
  const draftId = newId();
  const bytes = crypto.getRandomValues(new Uint8Array(40_000));
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const photo = await client.blobs.put(bytes, 'image/png', draftId);
  return client.finish(await fill(client, 'door_check', { photo }, { draftId, title: '3号楼' }));
}

export async function guess(locked: Client, phone: TestPhone, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    expect(await locked.unlock(`13579${i}`)).toBe(false);
    waitOut(phone);
  }
}

/** Longer than any wrong PIN makes people wait. */
export function waitOut(phone: TestPhone): void {
  const now = phone.clock();
  phone.clock = () => now + 16 * 60_000;
}

/** Something to wait for, and what makes it happen. */
export function signal(): [Promise<void>, () => void] {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return [given, give];
}

/** Answers to `path` stay on their way until they may arrive. */
export function onItsWay(phone: TestPhone, held: string) {
  const [arrival, arrive] = signal();
  const [asked, seen] = signal();
  phone.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (path !== held) return answer;
    seen();
    await arrival;
    return answer;
  };
  return { asked, arrive };
}
