/** 王芳 sits in a Wi-Fi that answers in the server's place: nothing counts as sent, nothing is lost, nothing is doubled. */

import { expect, test } from '@playwright/test';
import { consent } from './answers';
import { rows } from './ledger';
import { type Portal, startPortal } from './portal';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.setTimeout(300_000);

let server: TestServer;
let network: Portal;
let wang: Worker;

test.beforeEach(async () => {
  server = await startServer();
  network = await startPortal(server.url);
  wang = await newWorker(network.url);
});
test.afterEach(async () => {
  await wang?.dispose();
  network?.close();
  await server?.dispose();
});

test('the log-in page of a network is no answer; once through, everything goes out by itself', async () => {
  await wang.enrol('wang', PASSWORD);
  const before = visits();
  network.mode = 'page';
  await register('张小梅甲');
  await register('张小梅乙');
  await waiting(2);
  expect(network.answered.page).toBeGreaterThan(0);
  expect(visits()).toBe(before);

  await test.step('an answer that breaks off is none either, though the server got the visits', async () => {
    network.mode = 'cut';
    await wang.page.getByTestId('sync-now').click();
    await waiting(2);
    await expect.poll(() => network.answered.cut).toBeGreaterThan(0);
  });
  await test.step('the phone is locked and opened meanwhile', async () => {
    await wang.page.reload();
    await wang.unlock();
    await waiting(2);
  });

  network.mode = 'open';
  const { page } = wang;
  await expect(page.getByTestId('unsent')).toHaveText('已全部发送', { timeout: 120_000 });
  await expect(page.getByTestId('sync-error')).toBeHidden();
  expect(visits() - before, 'every visit exactly once').toBe(2);
  expect(rows(server, 'SELECT id FROM submission_variant')).toEqual([]);
});

test('a first log-in behind such a page says what to do, and works afterwards', async () => {
  const { page } = wang;
  await page.goto(network.url);
  network.mode = 'page';
  await page.getByTestId('login-user').fill('wang');
  await page.getByTestId('login-pass').fill(PASSWORD);
  await page.getByTestId('login-submit').click();
  await expect(page.getByRole('alert')).toContainText('请先登录该网络');
  network.mode = 'open';
  await wang.enrol('wang', PASSWORD);
});

async function register(name: string): Promise<void> {
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent(name, '13800001111'));
  await wang.finish();
}

/** The outbox holds so many, none of them sent, and says what to do about it. */
async function waiting(count: number): Promise<void> {
  const { page } = wang;
  await page.getByTestId('tab-outbox').click();
  await expect(page.getByTestId('sync-error')).toContainText(
    '请打开浏览器登录该网络，或换用手机流量',
  );
  await expect(page.getByTestId('unsent')).toContainText(`${count} 份走访等待发送`);
  await expect(page.getByTestId('outbox-item')).toHaveCount(count);
  for (const state of await page.getByTestId('outbox-state').allTextContents()) {
    expect(state).toBe('等待发送');
  }
}

function visits(): number {
  return Number(rows(server, 'SELECT count(*) AS n FROM submission')[0]?.n);
}
