/** Photos on 王芳's phone: kept before they are named, never lost while anybody needs them, never kept longer. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { random, sha256 } from '@/crypto/bytes';
import { createPepper, createVault } from '@/crypto/vault';
import { BLOBS, BlobShelf, Blobs, LARGEST } from './blobs';
import { Database } from './idb';
import { Sealer } from './sealed';
import 'fake-indexeddb/auto';

const nobody = () => ({ user: 'wang', server: null });
const NOON = Date.parse('2026-11-02T12:00:00+08:00');
let db: Database;
let shelf: BlobShelf;
let blobs: Blobs;

beforeEach(async () => {
  db = new Database(BLOBS, new IDBFactory());
  shelf = new BlobShelf(db);
  blobs = new Blobs(shelf, await sealer(), () => NOON, nobody);
});
afterEach(() => vi.restoreAllMocks());

async function sealer(): Promise<Sealer> {
  const pepper = await createPepper();
  const { vault, key } = await createVault('v1', { pin: '739415', password: null }, pepper);
  return new Sealer(vault.id, key, key);
}
const photo = () => random(1500);
const names = async () => (await shelf.heads()).map(({ name }) => name);

test('a photo is named by its bytes, comes back whole, and is no picture on the disk', async () => {
  const bytes = photo();
  const name = await blobs.put(bytes, 'image/jpeg', 'd1');
  expect(name).toBe(`${await sha256(bytes)}.jpg`);
  expect(await blobs.get(name)).toEqual({ bytes, type: 'image/jpeg' });
  const record = await shelf.record(name);
  expect(record?.sealed).toBeInstanceOf(ArrayBuffer);
  const sealed = Array.from(new Uint8Array(record?.sealed as ArrayBuffer)).join();
  expect(sealed).not.toContain(Array.from(bytes.slice(0, 32)).join());
});

test('the same photo twice is one, and goes when the last draft lets go', async () => {
  const bytes = photo();
  const name = await blobs.put(bytes, 'image/jpeg', 'd1');
  expect(await blobs.put(bytes, 'image/jpeg', 'd2')).toBe(name);
  await blobs.release('d1');
  expect(await blobs.get(name)).toBeDefined();
  await blobs.release('d2');
  expect(await blobs.get(name)).toBeUndefined();
  expect(await names()).toEqual([]);
});

test('what a visit took hold of outlives the draft', async () => {
  const kept = await blobs.put(photo(), 'image/png', 'd1');
  const replaced = await blobs.put(photo(), 'image/png', 'd1');
  await shelf.hold('s1', [kept.slice(0, 64)], NOON);
  await blobs.release('d1');
  expect(await names()).toEqual([kept]);
  expect(await blobs.get(replaced)).toBeUndefined();
});

test('the caller may reuse its buffer at once', async () => {
  const bytes = photo();
  const sha = await sha256(bytes);
  const putting = blobs.put(bytes, 'audio/webm;codecs=opus', 'd1');
  bytes.fill(0);
  expect(await putting).toBe(`${sha}.weba`);
  expect(await blobs.get(`${sha}.weba`)).toMatchObject({ type: 'audio/webm;codecs=opus' });
});

test('nothing and too much are refused with words', async () => {
  await expect(blobs.put(new Uint8Array(), 'image/png', 'd')).rejects.toMatchObject({
    key: 'blob_empty',
  });
  const large = new Uint8Array(LARGEST + 1);
  await expect(blobs.put(large, 'video/mp4', 'd')).rejects.toMatchObject({ key: 'blob_large' });
  expect(await names()).toEqual([]);
});

test('another key, or altered bytes, open nothing', async () => {
  const name = await blobs.put(photo(), 'image/jpeg', 'd1');
  expect(await new Blobs(shelf, await sealer(), () => NOON, nobody).get(name)).toBeUndefined();
  const record = await shelf.record(name);
  if (!record) throw new Error('gone');
  new Uint8Array(record.sealed).set([1, 2, 3], 40);
  await shelf.keep(record);
  expect(await blobs.get(name)).toBeUndefined();
});

/** The k-th put from now on fails for want of room. */
function fullAt(k: number): () => number {
  let puts = 0;
  const { put } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    value,
  ) {
    puts += 1;
    if (puts >= k) throw new DOMException('full', 'QuotaExceededError');
    return put.call(this, value);
  });
  return () => puts;
}

test.each([1, 2])('a disk full at write %i says so and leaves nothing half', async (k) => {
  fullAt(k);
  await expect(blobs.put(photo(), 'image/jpeg', 'd1')).rejects.toMatchObject({
    key: 'blob_storage',
  });
  vi.restoreAllMocks();
  expect(await names()).toEqual([]);
  expect(await db.read(['bytes'], (tx) => tx.all('bytes'))).toEqual([]);
});

test('a full disk gives up what the server has for good before it refuses', async () => {
  const old = await blobs.put(photo(), 'image/jpeg', 'd0');
  await shelf.hold('s0', [old.slice(0, 64)], NOON);
  await blobs.release('d0');
  await shelf.change(new Map([[old, { state: 'durable' }]]));
  let full = true;
  const { put, delete: remove } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
    this: IDBObjectStore,
    value,
  ) {
    if (full) throw new DOMException('full', 'QuotaExceededError');
    return put.call(this, value);
  });
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(function (
    this: IDBObjectStore,
    key,
  ) {
    full = false;
    return remove.call(this, key);
  });
  const name = await blobs.put(photo(), 'image/jpeg', 'd1');
  expect(await blobs.get(name)).toBeDefined();
  expect(await blobs.get(old)).toBeUndefined();
  // Its visit still knows that it is safe.
  expect((await shelf.heads()).find((head) => head.name === old)?.state).toBe('durable');
});
