/** Where one is logged in, on the phone and at the desk; and no page does what its policy forbids (see browser.ts). */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, selectors, test } from '@playwright/test';
import { launchPhone, type Phone } from './browser';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

selectors.setTestIdAttribute('data-test');

const PASSWORD = 'xunfang-2026';
const SHOTS = process.env.SHOTS;
let server: TestServer;
let phone: Worker;
let desk: Phone;
const folders: string[] = [];

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'fieldapp-account-'));
  folders.push(made);
  return made;
}

async function shot(page: Phone['page'], name: string): Promise<void> {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  phone = await newWorker(server.url);
  desk = await launchPhone(await folder(), { width: 1280, height: 800, isMobile: false });
});

test.afterAll(async () => {
  await server?.dispose();
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

test('王芳 sees her phone and a desk, ends the desk, and gets a new password', async () => {
  test.setTimeout(180_000);
  await desk.page.goto(`${server.url}/review`);
  await desk.page.getByTestId('username').fill('wang');
  await desk.page.getByTestId('password').fill(PASSWORD);
  await desk.page.getByTestId('login').click();
  await expect(desk.page.getByTestId('logout')).toBeVisible();

  await phone.enrol('wang', PASSWORD);
  const { page } = phone;
  await page.getByTestId('tab-me').click();
  await page.getByTestId('account').click();
  await expect(page.getByTestId('session-row')).toHaveCount(2);
  await shot(page, 'phone-sessions');
  await page.getByTestId('end-session').click();
  await page.getByRole('button', { name: '退出', exact: true }).last().click();
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  await desk.page.goto(`${server.url}/review/account`);
  await expect(desk.page.getByTestId('login')).toBeVisible();

  await page.getByTestId('old-password').fill('not this one');
  await page.getByTestId('new-password').fill('四季平安走访小队员');
  await page.getByTestId('again-password').fill('四季平安走访小队员');
  await page.getByTestId('change-password').click();
  await expect(page.getByTestId('password-said')).toBeVisible();
  await shot(page, 'phone-password');
});

test('the administrator ends what somebody left open, in either language', async () => {
  test.setTimeout(120_000);
  const { page } = desk;
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill('admin');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await page.getByTestId('tab-review-users').click();
  const row = page.locator('[data-user="wang"]');
  await row.getByTestId('user-sessions').click();
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  await shot(page, 'desk-user-sessions');
  await page.getByTestId('end-sessions').click();
  await expect(page.getByTestId('session-row')).toHaveCount(0);
  await page.getByTestId('account').click();
  await expect(page.getByTestId('session-row')).toHaveCount(1);
  await shot(page, 'desk-account');
  await page.getByTestId('lang').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log-ins and password');
  await page.setViewportSize({ width: 800, height: 1100 });
  await shot(page, 'desk-account-en-tablet');
});

test('nothing that these pages did was refused by their policy', async () => {
  await phone.dispose();
  await desk.close();
});
