/**
 * An update meets what an older build left on the phone: every schema ever released opens, holds what it held, and sends it.
 * The newest file must be what the current build writes, so that a change of the schema can't go unnoticed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import { kindOf as keyOf, WORK } from '@/crypto/seal';
import type { Vault } from '@/crypto/vault';
import type { Client } from '@/protocol/types';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  passwordOf,
  type Server,
  startServer,
  TestPhone,
} from '../real-server/phone';
import { clients, consentOf, register } from '../real-server/stories';
import { type Disk, read, write } from './disk';
import { fromJson, recordable, toJson } from './record';

const FOLDER = new URL('./released/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const released = names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
const disks = new Map<string, Disk>();

let server: Server;
let current: Disk;
beforeAll(async () => {
  // Where those visits were made, the form they were made with is published still.
  const before = fileURLToPath(new URL('consent_record-2025-1.md', FOLDER));
  server = await startServer(undefined, undefined, { CONSENT_BEFORE: before });
  current = await fullPhone();
  if (process.env.RECORD) await record(`${process.env.RECORD}.json`);
  for (const name of released)
    disks.set(name, await fromJson(readFileSync(new URL(name, FOLDER), 'utf8')));
});
afterAll(() => server.stop());

async function record(name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(name, FOLDER), await toJson(current));
  if (!released.includes(name)) released.push(name);
}

/** A phone with something in every store: a draft, a visit that was sent, one that waits, and a photo if there are any. */
async function fullPhone(): Promise<Disk> {
  const undo = recordable();
  const [phone, wang] = await enrolled(server.url, 'wang');
  undo();
  await register(wang, '张小梅', '13800000001');
  await wang.syncNow();
  phone.weather = noSignal;
  await register(wang, '刘春燕', '13800000002');
  await fill(wang, 'consent_record', consentOf('草稿', '13800000003'), { title: '草稿' });
  if (wang.blobs) await door(wang);
  await wang.syncNow();
  phone.off();
  return read(phone.factory);
}

async function door(wang: Client): Promise<void> {
  const draftId = newId();
  const bytes = crypto.getRandomValues(new Uint8Array(2000));
  const photo = await wang.blobs.put(bytes, 'image/png', draftId);
  await wang.finish(await fill(wang, 'door_check', { photo }, { draftId, title: '3号楼' }));
}

/** Which columns there are, and of what kind. */
function columns(disk: Disk): Record<string, string[]> {
  const found: Record<string, Set<string>> = {};
  for (const [db, stores] of Object.entries(disk.rows))
    for (const [store, rows] of Object.entries(stores)) {
      const set = new Set<string>();
      found[`${db}.${store}`] = set;
      for (const row of rows)
        for (const [name, value] of Object.entries(row as object))
          set.add(`${name}: ${kindOf(value)}`);
    }
  return Object.fromEntries(Object.entries(found).map(([name, set]) => [name, [...set].sort()]));
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'list'
      : value instanceof ArrayBuffer
        ? 'bytes'
        : typeof value;

describe('the newest file is what this build writes', () => {
  const newest = () => disks.get(released[released.length - 1] ?? '') as Disk;

  test('its databases, stores and keys', () => {
    expect(current.shape).toEqual(newest().shape);
  });
  test('its columns', () => {
    expect(columns(current)).toEqual(columns(newest()));
  });
});

describe.each(released)('what %s left on the phone', (name) => {
  test('opens by its PIN, offline, with everything it held', async () => {
    const phone = await left(disks.get(name) as Disk);
    phone.weather = noSignal;
    const wang = await phone.open();
    expect(await wang.unlock(PIN)).toBe(true);
    holdsAll(wang, name);
    const [draft] = wang.drafts();
    expect((await wang.draft(draft?.id ?? ''))?.draft.answers.g_person).toMatchObject({
      n_name: '草稿',
    });
  });

  test('goes out from this build, and new work beside it', async () => {
    const disk = disks.get(name) as Disk;
    const phone = await left(await belongingTo(disk, await idOf('wang')));
    const wang = await phone.open();
    await wang.unlock(PIN);
    await wang.syncNow();
    // To this server the phone is unknown until its owner logs in once.
    expect(wang.sync().loginNeeded).toBe(true);
    holdsAll(wang, name);
    await wang.login('wang', passwordOf('wang'));
    await wang.syncNow();
    await register(wang, `新${name}`, '13800000004');
    await wang.syncNow();
    await wang.syncNow();
    expect(wang.sync()).toMatchObject({
      unsent: 0,
      unsentBlobs: 0,
      error: null,
      loginNeeded: false,
    });
    for (const title of ['张小梅', '刘春燕', `新${name}`])
      expect(clients(wang).map((it) => it.title)).toContain(title);
    expect(wang.drafts().map(({ title }) => title)).toContain('草稿');
    await becomesUsual(phone);
  });
});

/** Once it knows the server's key, its vault and what it captured are as this build makes them. */
async function becomesUsual(phone: TestPhone): Promise<void> {
  const again = await phone.restart();
  expect(await again.unlock(PIN)).toBe(true);
  expect(await (await phone.restart()).unlock(PIN)).toBe(true);
  const { rows } = await read(phone.factory);
  const meta = rows['fs-field']?.meta as { key: string; value: { vault: Vault } }[];
  const { vault } = (meta.find(({ key }) => key === 'lock') as (typeof meta)[0]).value;
  expect([vault.pin.kdf, vault.password?.kdf]).toMatchObject([
    { name: 'argon2id' },
    { name: 'argon2id' },
  ]);
  const drafts = rows['fs-field']?.drafts as { head: ArrayBuffer; body: ArrayBuffer }[];
  for (const { head, body } of drafts) expect([keyOf(head), keyOf(body)]).toEqual([WORK, WORK]);
}

function holdsAll(wang: Client, name: string): void {
  const titles = wang.outbox().map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(['张小梅', '刘春燕']));
  if (disks.get(name)?.rows['fs-blobs']) expect(titles).toContain('3号楼');
  expect(clients(wang).map(({ title }) => title)).toEqual(
    expect.arrayContaining(['张小梅', '刘春燕']),
  );
  expect(wang.drafts().map(({ title }) => title)).toEqual(['草稿']);
}

/** On the day it was left, where a lease counts the days since. */
async function left(disk: Disk): Promise<TestPhone> {
  const phone = new TestPhone(server.url, await write(disk));
  const meta = (disk.rows['fs-field']?.meta ?? []) as { key: string; value: { at: number } }[];
  const at = meta.find(({ key }) => key === 'contact')?.value.at;
  if (at) phone.clock = () => at + 60_000;
  return phone;
}

/** The server of the day is gone; in this one her account has another id. */
async function belongingTo(disk: Disk, user: string): Promise<Disk> {
  const moved = structuredClone(disk);
  const rows = (moved.rows['fs-field']?.meta ?? []) as { key: string; value: { user: string } }[];
  for (const row of rows) if (row.key === 'lock') row.value.user = user;
  return moved;
}

async function idOf(username: string): Promise<string> {
  const browser = new TestPhone(server.url);
  const client = await browser.open();
  const { id } = await client.login(username, passwordOf(username));
  browser.off();
  return id;
}
