/**
 * What phone and server really say to each other, as shapes: pinned in tests/contract/wire.json with a version history
 * (tests/wire.py). RECORD_WIRE=1 writes it anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client } from '@/protocol/types';
import { read, write } from '../storage-faults/disk';
import {
  enrolled,
  fill,
  noSignal,
  PIN,
  passwordOf,
  type Server,
  startServer,
  TestPhone,
  type Weather,
} from './phone';
import { clients, consentOf, detailsOf, register } from './stories';

const PINNED = new URL('../../../tests/contract/wire.json', import.meta.url);

/** Kinds of values, merged over all that was seen: a shape, a list of shapes, or `text|null`. */
type Shape = string | [Shape] | { [member: string]: Shape };

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

test('the messages of a day have the shapes that are pinned', async () => {
  const seen = new Map<string, unknown[]>();
  await aDay(seen);
  const exchanged = Object.fromEntries(
    [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => [name, shapeOf(all)]),
  );
  const pinned = JSON.parse(readFileSync(PINNED, 'utf8'));
  if (process.env.RECORD_WIRE)
    writeFileSync(PINNED, `${JSON.stringify({ ...pinned, exchanged }, null, 1)}\n`);
  else expect(exchanged).toEqual(pinned.exchanged);
});

/** Every endpoint: two phones, a conflict, a photo, a copy that had to be repaired. */
async function aDay(seen: Map<string, unknown[]>): Promise<void> {
  const listen = listener(seen);
  const wangs = new TestPhone(server.url);
  wangs.weather = listen;
  const wang = await wangs.open();
  await wang.login('wang', passwordOf('wang'));
  await wang.enrol(PIN, '红米 9A');
  const [lis, li] = await enrolled(server.url, 'li');
  lis.weather = listen;
  await register(wang, '张小梅', '13800000001');
  await wang.syncNow();
  await li.syncNow();
  const id = clients(li)[0]?.id ?? '';
  for (const [client, phone] of [
    [wang, '13800000002'],
    [li, '13800000003'],
  ] as const)
    await client.finish(
      await fill(client, 'consent_record', detailsOf(id, { 'g_person/n_phone': phone })),
    );
  await wang.syncNow();
  await li.syncNow();
  await door(wang);
  await wang.syncNow();
  await wang.syncNow();
  await forgotten(wangs, wang, listen);
  await repaired(wangs, listen);
}

/** A day's work leaves the locked phone; then ten wrong PINs, and a new one. */
async function forgotten(phone: TestPhone, wang: Client, listen: Weather): Promise<void> {
  phone.weather = noSignal;
  await door(wang);
  await fill(wang, 'consent_record', consentOf('刘春燕', '13800000004'), { title: '刘春燕' });
  await wang.syncNow();
  phone.weather = listen;
  const locked = await phone.restart();
  await locked.syncNow();
  for (let i = 0; i < 10; i += 1) {
    await locked.unlock(`13579${i}`);
    const now = phone.clock();
    phone.clock = () => now + 16 * 60_000;
  }
  await locked.login('wang', passwordOf('wang'));
  await locked.enrol(PIN, '红米 9A');
}

async function door(wang: Client): Promise<void> {
  const draftId = newId();
  const photo = await wang.blobs.put(
    crypto.getRandomValues(new Uint8Array(20_000)),
    'image/png',
    draftId,
  );
  await wang.finish(await fill(wang, 'door_check', { photo }, { draftId, title: '3号楼' }));
}

async function repaired(phone: TestPhone, weather: Weather): Promise<void> {
  phone.off();
  const disk = await read(phone.factory);
  const base = (disk.rows['fs-field']?.base ?? []) as { sealed: ArrayBuffer }[];
  for (const row of base) row.sealed = row.sealed.slice(0, 20);
  const damaged = phone.on(await write(disk));
  damaged.weather = weather;
  const client = await damaged.open();
  await client.unlock(PIN);
  await client.syncNow();
}

function listener(seen: Map<string, unknown[]>): Weather {
  const note = (name: string, value: unknown) =>
    void seen.set(name, [...(seen.get(name) ?? []), value]);
  return async (path, init, next) => {
    const response = await next(path, init);
    const [, endpoint] = /^\/api\/sync\/(\w+)$/.exec(path) ?? [];
    if (!endpoint || !response.ok) return response;
    const raw = Buffer.from(init.body as Uint8Array);
    const asked = JSON.parse((raw[0] === 0x1f ? gunzipSync(raw) : raw).toString());
    note(`${endpoint} asks`, asked);
    for (const { body } of asked.subs ?? []) if (body) note('a submission', JSON.parse(body));
    note(`${endpoint} answers`, await response.clone().json());
    return response;
  };
}

// ---- shapes -------------------------------------------------------------------------------------

/** Members named by data (ids, feeds, registers) are one member `*`. What a form asks is the form's business. */
const DATA = new Set(['feeds', 'states', 'f']);
const FORMS = new Set(['answers']);

function shapeOf(values: readonly unknown[], name = ''): Shape {
  const kinds = [...new Set(values.map(kindOf))].sort();
  if (kinds.length !== 1 || (kinds[0] !== 'list' && kinds[0] !== 'object'))
    return kinds.join('|') || 'nothing';
  if (kinds[0] === 'list') return [listShape(values as unknown[][])];
  const objects = values as Record<string, unknown>[];
  if (FORMS.has(name)) return 'object';
  if (DATA.has(name)) return { '*': shapeOf(objects.flatMap((one) => Object.values(one))) };
  return objectShape(objects);
}

/** A list of lists is a list of tuples: each place has its own kind. */
function listShape(lists: readonly (readonly unknown[])[]): Shape {
  const items = lists.flat(1);
  const tuples = items.length && items.every(Array.isArray);
  if (!tuples) return shapeOf(items);
  const places = Math.max(...items.map((item) => (item as unknown[]).length));
  const place = (i: number) =>
    shapeOf(items.filter((it) => i < (it as unknown[]).length).map((it) => (it as unknown[])[i]));
  return Object.fromEntries(Array.from({ length: places }, (_, i) => [String(i), place(i)]));
}

function objectShape(objects: readonly Record<string, unknown>[]): Shape {
  const names = [...new Set(objects.flatMap((one) => Object.keys(one)))].sort();
  return Object.fromEntries(
    names.map((name) => {
      const holders = objects.filter((one) => name in one);
      const optional = holders.length < objects.length ? '?' : '';
      return [
        name + optional,
        shapeOf(
          holders.map((one) => one[name]),
          name,
        ),
      ];
    }),
  );
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'list'
      : typeof value === 'string'
        ? 'text'
        : typeof value;
