/**
 * 王芳's phone dies the moment it says “saved”, again and again: every process of the browser is killed, nothing flushed.
 * Whatever was called saved is there when the phone is opened again, once, and at the end on the server.
 * KILLS=200 as `make sigkill`; a few otherwise.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { rows } from './ledger';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const KILLS = Number(process.env.KILLS ?? 3);
const FORM = 'e2e_door';

test.describe.configure({ timeout: 240_000 + KILLS * 20_000 });

let server: TestServer;
let wang: Worker;
test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/door.md', '--program', 'rental');
  wang = await newWorker(server.url);
  await wang.enrol('wang', 'xunfang-2026');
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

test('nothing that was called saved is lost', async () => {
  const began = Date.now();
  let lost = 0;
  // The server comes back for the last tenth: then the phone dies while it begins to send.
  await server.stop();
  const online = KILLS - Math.ceil(KILLS / 10);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    if (kill === online + 1) await server.start();
    await save(`第${kill}次`);
    await wang.battery();
    lost += kill - (await kept());
    if (lost) break;
  }
  await wang.sendAll();
  const stored = rows(server, 'SELECT id, n FROM submission WHERE form = ? ORDER BY n', FORM);
  const seconds = Math.round((Date.now() - began) / 1000);
  const figures = `kills=${KILLS} lost=${lost + KILLS - stored.length} stored=${stored.length} seconds=${seconds}`;
  mkdirSync('test-results', { recursive: true });
  writeFileSync('test-results/sigkill.txt', `${figures}\n`);
  expect(stored.map(({ n }) => n)).toEqual(Array.from({ length: KILLS }, (_, i) => i + 1));
  expect(rows(server, 'SELECT id FROM submission_variant')).toEqual([]);
  expect(lost).toBe(0);
});

/** A visit of one answer; returns at the first frame that says saved. */
async function save(remark: string): Promise<void> {
  await wang.workspace('housing');
  await wang.startForm(FORM);
  await wang.answer('remark', remark);
  const { page } = wang;
  while (await page.getByTestId('next').isVisible()) await page.getByTestId('next').click();
  const saved = page.waitForFunction(() => document.querySelector('[data-test="saved"]'));
  await page.getByTestId('finish').click();
  await saved;
}

/** Visits in the outbox of the phone just opened; a draft beside them would be one visit too many. */
async function kept(): Promise<number> {
  const { page } = wang;
  await page.getByTestId('tab-today').click();
  await expect(page.getByTestId('draft-item')).toHaveCount(0);
  await page.getByTestId('tab-outbox').click();
  await expect(page.getByTestId('outbox-item').first()).toBeVisible();
  return page.getByTestId('outbox-item').count();
}
