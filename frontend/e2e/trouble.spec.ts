/** What goes wrong around 王芳's phone: an old copy restored on the server, somebody else's log-in, a lock at the wrong moment. */

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { consent } from './answers';
import { rows } from './ledger';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.setTimeout(300_000);

let server: TestServer;
let wang: Worker;
let copy: string;

test.beforeEach(async () => {
  server = await startServer();
  wang = await newWorker(server.url);
  copy = await mkdtemp(join(tmpdir(), 'fieldapp-copy-'));
});
test.afterEach(async () => {
  await wang?.dispose();
  await server?.dispose();
  await rm(copy, { recursive: true, force: true });
});

test('an older copy is restored on the server: the phone sends again what is missing there', async () => {
  await wang.enrol('wang', PASSWORD);
  await register('张小梅甲');
  await keepCopy();
  await register('张小梅乙');
  await register('张小梅丙');
  await restoreCopy();
  expect(numbers()).toEqual([1]);
  await register('张小梅丁');
  expect(numbers()).toEqual([1, 2, 3, 4]);
});

test('a copy from before the phone was there: logging in again is enough, for this tab and the other', async () => {
  await keepCopy();
  await wang.enrol('wang', PASSWORD);
  await register('张小梅甲');
  const other = await wang.tab();
  await restoreCopy();
  const { page } = wang;
  await page.getByTestId('tab-outbox').click();
  await page.getByTestId('sync-now').click();
  await expect(page.getByText('服务器没有认出这部手机')).toBeVisible();
  await page.getByTestId('login-again').click();
  await logIn('wang');
  await expect(page.getByTestId('tab-today')).toBeVisible();
  await wang.sendAll();
  expect(numbers()).toEqual([1]);
  await other.sendAll();
});

test("a colleague's log-in on an open phone is refused, and changes nothing", async () => {
  await wang.enrol('wang', PASSWORD);
  const { page } = wang;
  await page.goto(`${server.url}/login-again`);
  await wang.unlock();
  await logIn('li');
  await expect(page.getByRole('alert')).toContainText('这部手机正由另一个人使用');
  await logIn('wang');
  await expect(page.getByTestId('tab-today')).toBeVisible();
  await wang.sendAll();
});

test('a visit was saved and the phone was locked: opened again, it still says so', async () => {
  await wang.enrol('wang', PASSWORD);
  const { page } = wang;
  await wang.startForm('consent_record');
  await wang.fill(consent('张小梅甲', '13800001111'));
  await page.getByTestId('finish').click();
  await expect(page.getByTestId('saved')).toBeVisible();
  await page.reload();
  await wang.unlock();
  await expect(page.getByTestId('saved')).toBeVisible();
  await page.getByTestId('saved-outbox').click();
  await expect(page.getByTestId('outbox-item')).toHaveCount(1);
});

test('a draft thrown away and gone forward to again is a new one, and kept', async () => {
  await wang.enrol('wang', PASSWORD);
  const { page } = wang;
  await wang.startForm('consent_record');
  await wang.answer('g_start/known', '0');
  await page.getByTestId('back').click();
  await page.getByTestId('draft-remove').click();
  await page.getByTestId('confirm-yes').click();
  await expect(page.getByTestId('draft-item')).toHaveCount(0);
  await page.goForward();
  await wang.answer('g_start/known', '0');
  await expect(page.getByTestId('draft-state')).toHaveText('草稿已存下');
  await page.getByTestId('back').click();
  await expect(page.getByTestId('draft-item')).toHaveCount(1);
});

async function register(name: string): Promise<void> {
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent(name, '13800001111'));
  await wang.finish();
  await wang.sendAll();
}

async function logIn(username: string): Promise<void> {
  const { page } = wang;
  await page.getByTestId('login-user').fill(username);
  await page.getByTestId('login-pass').fill(PASSWORD);
  await page.getByTestId('login-submit').click();
}

async function keepCopy(): Promise<void> {
  await server.stop();
  await cp(server.home, copy, { recursive: true });
  await server.start();
}

async function restoreCopy(): Promise<void> {
  await server.stop();
  await rm(server.home, { recursive: true });
  await cp(copy, server.home, { recursive: true });
  await server.start();
}

/** Numbers of the visits that this phone's app has on the server. */
function numbers(): unknown[] {
  return rows(
    server,
    `SELECT n FROM submission WHERE install IN
     (SELECT id FROM install ORDER BY last_seen DESC LIMIT 1) ORDER BY n`,
  ).map(({ n }) => n);
}
