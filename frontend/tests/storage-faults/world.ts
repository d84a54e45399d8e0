/** The server, the phones the operations begin on, and what the server has of them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { Client } from '@/protocol/types';
import {
  enrolled,
  noSignal,
  PIN,
  type Server,
  startServer,
  synced,
  type TestPhone,
} from '../real-server/phone';
import { register } from '../real-server/stories';
import { copy } from './disk';

const FIELDAPP = fileURLToPath(new URL('../../../.venv/bin/fieldapp', import.meta.url));
const SECRET = 'a secret for tests only, long enough for anybody';

export class World {
  private constructor(
    readonly home: string,
    readonly server: Server,
    private readonly li: Client,
  ) {}

  static async begin(): Promise<World> {
    const home = mkdtempSync(join(tmpdir(), 'fieldapp-faults-'));
    const server = await startServer(home);
    const [, li] = await enrolled(server.url, 'li');
    return new World(home, server, li);
  }

  /** 李娜 registers somebody, from her own phone. */
  async elsewhere(name: string): Promise<void> {
    await register(this.li, name, '13800000009');
    await synced(this.li);
  }

  /** A form with a picture and a list. */
  publish(version: string): void {
    const folder = mkdtempSync(join(tmpdir(), 'fieldapp-form-'));
    const form = join(folder, 'doors.md');
    writeFileSync(form, DOORS(version));
    writeFileSync(join(folder, 'door.png'), Buffer.from(PICTURE, 'base64'));
    writeFileSync(join(folder, 'clinics.csv'), `name,label\nc${version},卫生室${version}\n`);
    const env = { ...process.env, FIELDAPP_SECRET: SECRET, FIELDAPP_HOME: this.home };
    execFileSync(FIELDAPP, ['forms', 'publish', form, '--program', 'rental', '--files', folder], {
      env,
    });
  }

  /** From the next question on, everything the server has is in a verified backup. */
  allDurable(): void {
    this.query("insert or replace into durable_mark (id, before) values (1, '2999')");
  }

  /** How many submissions of these ids it has: each once is all that it can have. */
  has(ids: readonly string[]): number {
    const marks = ids.map(() => '?').join(',');
    return Number(
      this.query(`select count(*) as n from submission where id in (${marks})`, ids)[0]?.n,
    );
  }

  /** Same id, other bytes. */
  variants(): number {
    return Number(this.query('select count(*) as n from submission_variant')[0]?.n);
  }

  private query(sql: string, values: readonly string[] = []) {
    const db = new DatabaseSync(join(this.home, 'fieldapp.sqlite'), { timeout: 10_000 });
    try {
      return db.prepare(sql).all(...values);
    } finally {
      db.close();
    }
  }
}

/** The same phone from the same moment, as often as wanted. */
export async function again(phone: TestPhone, isOpen = true): Promise<[TestPhone, Client]> {
  const twin = phone.on(await copy(phone.factory));
  twin.weather = noSignal;
  const client = await twin.open();
  if (isOpen && !(await client.unlock(PIN))) throw new Error('the PIN opens it no more');
  return [twin, client];
}

const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const DOORS = (version: string) => `| survey | | | | |
| | type | name | label::中文(zh) | media::image::中文(zh) |
| | text | street | 哪条街 | door.png |
| | select_one_from_file clinics.csv | clinic | 哪个卫生室 | |
| settings | | |
| | form_title | form_id | version |
| | 门 | doors | ${version} |
`;
