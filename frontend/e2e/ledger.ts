/** What the server holds, read from its database while it runs. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestServer } from './server';

export type Row = Record<string, unknown>;

export function rows(server: TestServer, sql: string, ...values: string[]): Row[] {
  const database = new DatabaseSync(join(server.home, 'fieldapp.sqlite'), { readOnly: true });
  try {
    return database.prepare(sql).all(...values) as Row[];
  } finally {
    database.close();
  }
}
