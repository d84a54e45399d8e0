/** 王芳 has the app open twice on one phone: whatever both do at once, each visit is on the server exactly once. */

import { expect, test } from '@playwright/test';
import { consent } from './answers';
import { rows } from './ledger';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.setTimeout(300_000);

let server: TestServer;
let first: Worker;
let second: Worker;

test.beforeEach(async () => {
  server = await startServer();
  first = await newWorker(server.url);
  await first.enrol('wang', PASSWORD);
  second = await first.tab();
});
test.afterEach(async () => {
  await first?.dispose();
  await server?.dispose();
});

test('two tabs finish and send at once: every visit once, in one row of numbers', async () => {
  await Promise.all([register(first, '张小梅一'), register(second, '刘春燕一')]);
  await server.stop();
  await Promise.all([register(first, '张小梅二'), register(second, '刘春燕二')]);
  await Promise.all([register(first, '张小梅三'), register(second, '刘春燕三')]);
  await server.start();
  await Promise.all([first.sendAll(), second.sendAll()]);

  const sent = visits();
  expect(sent.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(new Set(sent.map(({ state }) => state))).toEqual(new Set(['stored']));
  expect(rows(server, 'SELECT id FROM submission_variant')).toEqual([]);
  for (const name of ['张小梅一', '刘春燕一', '张小梅二', '刘春燕二', '张小梅三', '刘春燕三']) {
    await first.openRecord(name);
    await second.openRecord(name);
  }
});

test('the same unfinished visit, open in both, is finished in both: still one visit', async () => {
  await first.workspace('health');
  await first.startForm('consent_record');
  await first.fill(consent('张小梅甲', '13800001111'));
  await expect(first.page.getByTestId('draft-state')).toHaveText('草稿已存下');
  await second.workspace('health');
  await second.page.getByTestId('draft-item').click();
  await expect(second.page.getByTestId('form-progress')).toBeVisible();

  await first.finish();
  await first.sendAll();
  await second.finish();
  await second.sendAll();
  expect(visits()).toHaveLength(1);
});

test('what is thrown away in one tab while the other still fills it is not lost', async () => {
  await first.workspace('health');
  await first.startForm('consent_record');
  await first.answer('g_start/known', '0');
  await expect(first.page.getByTestId('draft-state')).toHaveText('草稿已存下');
  await second.workspace('health');
  await second.page.getByTestId('draft-remove').click();
  await second.page.getByTestId('confirm-yes').click();
  await expect(second.page.getByTestId('draft-item')).toHaveCount(0);

  const { 'g_start/known': _, ...rest } = consent('张小梅乙', '13800001111');
  await first.fill(rest);
  await first.finish();
  await first.sendAll();
  expect(visits()).toHaveLength(1);
});

async function register(worker: Worker, name: string): Promise<void> {
  await worker.workspace('health');
  await worker.startForm('consent_record');
  await worker.fill(consent(name, '13800001111'));
  await worker.finish();
}

/** What this phone sent, in the order of its numbers. */
function visits() {
  return rows(
    server,
    `SELECT n, state, corrects FROM submission WHERE install IN
     (SELECT id FROM install ORDER BY last_seen DESC LIMIT 1) ORDER BY n`,
  );
}
