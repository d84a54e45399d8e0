/** A day at the review desk: the queue, a return, a settled conflict, accounts and phones, in both languages. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, selectors, test } from '@playwright/test';
import { codeOf } from '../tests/real-server/authenticator';
import { watchAddresses } from './addresses';
import { launchPhone, type Phone } from './browser';
import { startServer, type TestServer } from './server';
import { watermarkOf } from './watermark';

selectors.setTestIdAttribute('data-test');

const PASSWORD = 'xunfang-2026';
let server: TestServer;
let browser: Phone;
let page: Page;
let profile: string;
let telling: () => string[];

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  profile = await mkdtemp(join(tmpdir(), 'fieldapp-desk-'));
  browser = await launchPhone(profile, { width: 1280, height: 800, isMobile: false });
  page = browser.page;
  telling = watchAddresses(browser.context, server.url);
});

test.afterAll(async () => {
  expect(telling()).toEqual([]);
  await browser?.close();
  await server?.dispose();
  await rm(profile, { recursive: true, force: true });
});

test.beforeEach(async () => {
  await browser.context.clearCookies();
});

async function logIn(username: string, password = PASSWORD): Promise<void> {
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('login').click();
  await expect(page.getByTestId('logout')).toBeVisible();
}

async function accessible(): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`)).toEqual([]);
}

test('a wrong password is refused in words, and the wanted screen opens after the right one', async () => {
  await page.goto(`${server.url}/review/conflicts`);
  await page.getByTestId('username').fill('chen');
  await page.getByTestId('password').fill('not this one');
  await page.getByTestId('login').click();
  await expect(page.getByTestId('login-problem')).toContainText('用户名或密码不对');
  await accessible();
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await expect(page.getByTestId('conflict-row').first()).toBeVisible();
});

test('陈静 approves one visit and returns another with a note on a question', async () => {
  await logIn('chen');
  const rows = page.getByTestId('review-row');
  await expect(rows.first()).toBeVisible();
  await accessible();
  const count = page.getByTestId('filter-state-received').locator('.count');
  const waiting = Number(await count.textContent());
  await rows.first().click();
  await expect(page.getByTestId('visit')).toBeVisible();
  expect(await watermarkOf(page)).toContain('>陈静 chen ');
  await accessible();
  await page.getByTestId('approve').click();
  await expect(page.getByTestId('visit')).toHaveAttribute('data-state', 'approved');
  await page.getByTestId('back').click();
  await expect(count).toHaveText(String(waiting - 1));
  await rows.first().click();
  await page.getByTestId('reject').click();
  await page.getByTestId('confirm-yes').waitFor();
  await accessible();
  await page.getByTestId('sheet-close').click();
  await page.getByTestId('return').click();
  await accessible();
  await expect(page.getByTestId('send-return')).toBeDisabled();
  await page.locator('[data-test^="ask-"]').nth(1).click();
  await page.locator('[data-test^="note-"]').first().fill('请与本人再核对一次');
  await page.getByTestId('send-return').click();
  await expect(page.getByTestId('visit')).toHaveAttribute('data-state', 'returned');
  await expect(page.getByTestId('decision')).toContainText('请与本人再核对一次');
  await page.getByTestId('back').click();
  await expect(count).toHaveText(String(waiting - 2));
});

test('陈静 sees both values, enters a third, and the conflict is gone', async () => {
  await logIn('chen');
  await page.getByTestId('tab-review-conflicts').click();
  const rows = page.getByTestId('conflict-row');
  await expect(rows.first()).toBeVisible();
  const open = await rows.count();
  await page.locator('[data-test=conflict-row][data-register=phone]').first().click();
  await expect(page.getByTestId('choose-1')).toBeVisible();
  await expect(page.getByTestId('history-row').nth(2)).toBeVisible();
  await accessible();
  await page.setViewportSize({ width: 360, height: 640 });
  await accessible();
  await page.setViewportSize({ width: 1280, height: 800 });
  await expect(page.getByTestId('settle')).toBeDisabled();
  await page.getByTestId('choose-other').click();
  await page.getByTestId('other-phone').fill('13800004321');
  await page.getByTestId('settle').click();
  await expect(rows).toHaveCount(open - 1);
});

test('赵强 sees housing only, in English when he likes', async () => {
  await logIn('zhao');
  await expect(page.getByTestId('review-row').first()).toContainText('租住登记');
  await page.getByTestId('lang').click();
  await expect(page.getByTestId('review-row').first()).toContainText('Rental register');
  const forms = page.getByTestId('filter-form').locator('option');
  await expect(forms).toHaveText(['All', 'Rental register']);
  await page.getByTestId('lang').click();
});

test('the administrator opens an account, its phone list is empty, and closes it again', async () => {
  await logIn('admin');
  await expect(page.getByTestId('user-row').first()).toBeVisible();
  await accessible();
  await page.getByTestId('new-user').click();
  await page.getByTestId('user-username').fill('hao');
  await page.getByTestId('user-name').fill('郝静');
  await page.getByTestId('user-password').fill('short');
  await page.getByTestId('save-user').click();
  await expect(page.getByTestId('user-problem')).toContainText('至少要 8 个字符');
  await page.getByTestId('make-password').click();
  const given = await page.getByTestId('user-password').inputValue();
  expect(given).toMatch(/^[a-z0-9-]{14}$/);
  await page.locator('[data-test^="grant-"][data-test$="-housing"]').nth(2).check();
  await page.getByTestId('save-user').click();
  const row = page.locator('[data-test=user-row][data-user=hao]');
  await expect(row).toContainText('房屋服务');
  await page.getByTestId('logout').click();
  await expect(page.getByTestId('username')).toBeVisible();
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill('hao');
  await page.getByTestId('password').fill(given);
  await page.getByTestId('login').click();
  await page.getByTestId('first-new').fill('柳河社区2026');
  await page.getByTestId('first-again').fill('柳河社区2026');
  await page.getByTestId('first-save').click();
  await expect(page.getByTestId('first-said')).toContainText('不要用地名');
  await accessible();
  for (const field of ['first-new', 'first-again'])
    await page.getByTestId(field).fill('铁锅 周三 蓝布');
  await page.getByTestId('first-save').click();
  await expect(page.getByTestId('no-desk')).toBeVisible();
  await logOutAndIn('admin', PASSWORD);
  await row.getByTestId('close-user').click();
  await page.getByTestId('confirm-yes').click();
  await expect(row).toContainText('已关闭');
});

const picture = (name: string) =>
  process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png` }) : undefined;

test('赵强 sets up a second factor, logs in with a recovery code, and turns it off', async () => {
  await logIn('zhao');
  await page.getByTestId('account').click();
  await page.getByTestId('factor-set-up').click();
  await page.getByTestId('factor-password').fill(PASSWORD);
  await page.getByTestId('factor-begin').click();
  await expect(page.getByTestId('factor-qr')).toBeVisible();
  await accessible();
  await picture('factor-qr');
  const secret = (await page.getByTestId('factor-secret').innerText()).replace(/\s/g, '');
  await page.getByTestId('factor-code').fill('000000');
  await page.getByTestId('factor-confirm').click();
  await expect(page.getByTestId('factor-said')).toBeVisible();
  await page.getByTestId('factor-code').fill(codeOf(secret));
  await page.getByTestId('factor-confirm').click();
  const codes = page.getByTestId('factor-recovery').locator('li');
  await expect(codes).toHaveCount(8);
  await picture('factor-recovery');
  const [first, second] = await codes.allInnerTexts();
  await page.getByTestId('factor-done').click();
  await page.getByTestId('logout').click();
  await page.getByTestId('username').fill('zhao');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await expect(page.getByTestId('login-problem')).toContainText('6 位数字');
  await picture('factor-login');
  await page.getByTestId('code').fill('123456');
  await page.getByTestId('login').click();
  await expect(page.getByTestId('login-problem')).toContainText('验证码不对');
  await page.getByTestId('code').fill(first ?? '');
  await page.getByTestId('login').click();
  await expect(page.getByTestId('logout')).toBeVisible();
  await page.getByTestId('account').click();
  await page.getByTestId('factor-off').click();
  await page.getByTestId('factor-off-password').fill(PASSWORD);
  await page.getByTestId('factor-off-code').fill(second ?? '');
  await page.getByTestId('factor-off-save').click();
  await expect(page.getByTestId('factor-set-up')).toBeVisible();
});

async function logOutAndIn(username: string, password: string): Promise<void> {
  await page.getByTestId('logout').click();
  await expect(page.getByTestId('username')).toBeVisible();
  await logIn(username, password);
}

test('the desk can be used on a phone', async () => {
  await page.setViewportSize({ width: 360, height: 640 });
  await logIn('ma');
  for (const tab of ['queue', 'conflicts', 'devices']) {
    await page.getByTestId(`tab-review-${tab}`).click();
    await expect(page.locator('h1')).toBeVisible();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, tab).toBeLessThanOrEqual(360);
    await accessible();
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a quality issue stands at its question, holds approval up, and is struck off the list', async () => {
  await logIn('zhao');
  await page.getByTestId('filter-issues').check();
  await expect(page.getByTestId('review-row')).toHaveCount(2);
  await page.getByTestId('tab-review-issues').click();
  await expect(page.getByTestId('issue-row')).toHaveCount(2);
  await accessible();
  const first = page.getByTestId('issue-row').first();
  await first.getByTestId('move-assigned').click();
  await expect(first.getByTestId('issue-constraint')).toHaveAttribute('data-state', 'assigned');
  await first.getByRole('link').click();
  await expect(page.getByTestId('visit')).toBeVisible();
  await expect(page.locator('.answer').getByTestId('issue-constraint')).toBeVisible();
  await accessible();
  await page.getByTestId('approve').click();
  await expect(page.getByTestId('send-accept')).toBeDisabled();
  await page.getByTestId('accept-reason').fill('房主按床位出租，已当面核对');
  await page.getByTestId('send-accept').click();
  await expect(page.getByTestId('visit')).toHaveAttribute('data-state', 'approved');
  await expect(page.getByTestId('decision')).toContainText('已当面核对');
  await expect(page.getByTestId('issue-constraint')).toHaveAttribute('data-state', 'closed');
});
