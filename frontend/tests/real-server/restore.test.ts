/** The server goes back to yesterday's backup: phones send again, by themselves, whatever it forgot. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import type { Client } from '@/protocol/types';
import { enrolled, fill, type Server, startServer, synced, type TestPhone, visit } from './phone';
import { changePhone, clients, flatOf, phones, register, states } from './stories';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const BIN = file('../../../.venv/bin/');

let stopPostgres = () => {};
let postgresUrl = '';
let programs = '';
beforeAll(async () => {
  const child = spawn(`${BIN}python`, [file('./postgres.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stopPostgres = () => void child.stdin.end();
  for await (const line of createInterface({ input: child.stdout })) {
    postgresUrl = /^URL (.+)/.exec(line)?.[1] ?? postgresUrl;
    programs = /^PROGRAMS (.+)/.exec(line)?.[1] ?? '';
    if (programs) break;
  }
});
afterAll(() => stopPostgres());

/** A server that an operator backs up, stops, restores and starts again. */
class Operated {
  server!: Server;
  readonly home = mkdtempSync(join(tmpdir(), 'fieldapp-restore-'));

  private readonly url: string;

  constructor(url?: string) {
    this.url = url ?? `sqlite:///${this.home}/fieldapp.sqlite`;
  }

  async start(...carried: TestPhone[]): Promise<void> {
    this.server = await startServer(this.home, this.url);
    for (const phone of carried) phone.move(this.server.url);
  }

  /** One command of fieldapp; what it says. */
  run(...args: string[]): string {
    const env = {
      ...process.env,
      PATH: `${programs}:${process.env.PATH}`,
      LANG: 'en_GB.UTF-8',
      FIELDAPP_HOME: this.home,
      FIELDAPP_DATABASE_URL: this.url,
      FIELDAPP_SECRET: 'a secret for tests only, long enough for anybody',
    };
    return execFileSync(`${BIN}fieldapp`, args, { env, encoding: 'utf8' }).trim();
  }

  backup(): string {
    return this.run('backup');
  }

  async restore(path: string, ...phones: TestPhone[]): Promise<void> {
    this.server.stop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(this.run('restore', path, '--replace')).toContain('Restored');
    await this.start(...phones);
  }

  end(): void {
    this.server.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

let place: Operated;
afterEach(() => place.end());

const byId = (client: Client) => new Map(clients(client).map(({ id, title }) => [id, title]));
const repairs = (phone: TestPhone) =>
  phone.requests.filter((path) => path.endsWith('/manifest')).length;

async function photographed(client: Client, title: string): Promise<void> {
  const bytes = new Uint8Array(40_000);
  crypto.getRandomValues(bytes);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const draftId = newId();
  const photo = await client.blobs.put(bytes, 'image/png', draftId);
  await client.finish(await fill(client, 'door_check', { photo }, { draftId, title }));
}

describe.each(['SQLite', 'PostgreSQL'])('%s', (kind) => {
  test('what came after the backup comes again, once, photos too; what is safe leaves nothing behind', async () => {
    place = new Operated(kind === 'SQLite' ? undefined : postgresUrl);
    await place.start();
    const [wangs, wang] = await enrolled(place.server.url, 'wang');
    const [lis, li] = await enrolled(place.server.url, 'li');
    await register(wang, '张小梅', '13800000001');
    await photographed(wang, '1号楼');
    await synced(wang, li);
    const [zhang] = clients(wang);
    const path = place.backup();
    await synced(wang, li);
    expect(states(wang)).toEqual(['durable', 'durable']);

    await register(wang, '刘春燕', '13800000002');
    await changePhone(li, zhang?.id ?? '', '13800000003');
    await photographed(wang, '2号楼');
    await visit(li, 'rent_registration', flatOf('3-301')).catch(() => undefined);
    await synced(wang, li, wang);
    const before = byId(wang);
    const pushed = (phone: TestPhone) =>
      phone.requests.filter((asked) => asked.endsWith('/push')).length;
    const sent = pushed(wangs) + pushed(lis);

    await place.restore(path, wangs, lis);
    await synced(wang, li, wang);
    expect(pushed(wangs) + pushed(lis)).toBeGreaterThan(sent);
    for (const client of [wang, li]) {
      expect(client.sync()).toMatchObject({ error: null, unsent: 0, unsentBlobs: 0 });
      expect(byId(client)).toEqual(before);
      expect(phones(client, zhang?.id ?? '')).toEqual(['13800000003']);
    }
    expect(new Set(states(wang))).toEqual(new Set(['durable', 'sent']));
    expect(place.run('verify')).toBe('All is well.');
    expect([repairs(wangs), repairs(lis)]).toEqual([0, 0]);

    place.backup();
    await synced(wang, li);
    expect(new Set([...states(wang), ...states(li)])).toEqual(new Set(['durable']));
  });
});

test('a backup older than the last: what was called safe since, and is still on the phone, comes again', async () => {
  place = new Operated();
  await place.start();
  const [wangs, wang] = await enrolled(place.server.url, 'wang');
  await register(wang, '张小梅', '13800000001');
  await synced(wang);
  const yesterday = place.backup();
  await register(wang, '刘春燕', '13800000002');
  await photographed(wang, '2号楼');
  await synced(wang);
  place.backup();
  await synced(wang);
  expect(new Set(states(wang))).toEqual(new Set(['durable']));

  await place.restore(yesterday, wangs);
  await synced(wang);
  expect(states(wang).sort()).toEqual(['durable', 'sent', 'sent']);
  expect(
    clients(wang)
      .map(({ title }) => title)
      .sort(),
  ).toEqual(['刘春燕', '张小梅']);
  expect(wang.sync()).toMatchObject({ error: null, unsent: 0, unsentBlobs: 0 });
  expect(place.run('verify')).toBe('All is well.');
});
