/** A phone that can't send: its outbox goes to the server as a file, and is no dead end. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import { enrolled, fill, noSignal, type Server, startServer, synced } from './phone';
import { clients, register, states } from './stories';

const home = mkdtempSync(join(tmpdir(), 'fieldapp-import-'));
const FIELDAPP = fileURLToPath(new URL('../../../.venv/bin/fieldapp', import.meta.url));
let server: Server;
beforeAll(async () => {
  server = await startServer(home);
});
afterAll(() => {
  server.stop();
  rmSync(home, { recursive: true, force: true });
});

function imported(file: string): string {
  const env = {
    ...process.env,
    LANG: 'en_GB.UTF-8',
    FIELDAPP_HOME: home,
    FIELDAPP_DATABASE_URL: `sqlite:///${home}/fieldapp.sqlite`,
    FIELDAPP_SECRET: 'a secret for tests only, long enough for anybody',
  };
  const args = ['outbox', 'import', file];
  try {
    return execFileSync(FIELDAPP, args, { env, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    return (error as { stderr: string }).stderr.trim();
  }
}

test('visits and a photo go in from the file without any PIN, once; the phone learns of it', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  phone.weather = noSignal;
  await register(wang, '张小梅', '13800000001');
  const bytes = new Uint8Array(90_000);
  crypto.getRandomValues(bytes.subarray(8, 60_000));
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const draftId = newId();
  const photo = await wang.blobs.put(bytes, 'image/png', draftId);
  await wang.finish(await fill(wang, 'door_check', { photo }, { draftId, title: '3号楼' }));
  const file = join(home, 'outbox.bin');
  writeFileSync(file, await (await wang.exportOutbox()).text());

  expect(imported(file)).toBe('visits: 2 stored\nattachments: 1 stored');
  expect(imported(file)).toBe('visits: 2 duplicate\nattachments: 1 stored');
  writeFileSync(file, '{"format":"fs-outbox/1"}');
  expect(imported(file)).toContain('no file saved from a phone');

  phone.weather = (path, init, next) => next(path, init);
  await synced(wang);
  expect(states(wang)).toEqual(['sent', 'sent']);
  expect(wang.sync()).toMatchObject({ error: null, unsent: 0, unsentBlobs: 0 });
  expect(clients(wang).map(({ title }) => title)).toEqual(['张小梅']);
});
