/** An emergency look, its judgement, and a training that waits for approval. SHOTS: a folder for pictures, to be looked at. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, selectors, test } from '@playwright/test';
import { launchPhone, type Phone } from './browser';
import { startServer, type TestServer } from './server';

selectors.setTestIdAttribute('data-test');

const PASSWORD = 'xunfang-2026';
const WHY = '孕妇大出血，送到本院急诊，需要了解产检情况';
const SIZES = [
  [1280, 800, ''],
  [768, 1024, '-768'],
  [360, 640, '-360'],
] as const;

let server: TestServer;
let browser: Phone;
let page: Page;
let profile: string;

test.describe.configure({ timeout: 300_000 });

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  profile = await mkdtemp(join(tmpdir(), 'fieldapp-emergency-'));
  browser = await launchPhone(profile, {
    width: 1280,
    height: 800,
    isMobile: false,
    hasTouch: false,
  });
  page = browser.page;
});
test.afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  await rm(profile, { recursive: true, force: true });
});

async function logIn(username: string): Promise<void> {
  await browser.context.clearCookies();
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await expect(page.getByTestId('logout')).toBeVisible();
}

async function shots(name: string): Promise<void> {
  if (!process.env.SHOTS) return;
  for (const [width, height, suffix] of SIZES) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `${process.env.SHOTS}/${name}${suffix}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Somebody of 南山镇, where 陈静 has no part: name and number, as 董慧 knows them. */
async function somebody(): Promise<{ name: string; phone: string }> {
  const ask = (path: string, data: object) =>
    page.request.post(`${server.url}/api/${path}`, { data, headers: { 'X-FS-Proto': '1' } });
  await ask('session', { username: 'dong', password: PASSWORD });
  const found = await (await ask('rights/find', { scope: 'health', text: '13' })).json();
  const request = await (
    await ask('rights/requests', { kind: 'access', subject: found[0].id })
  ).json();
  const report = await (
    await page.request.get(`${server.url}/api/rights/requests/${request.id}/report`)
  ).json();
  const values = report.groups[0].records[0].values as {
    prop: string;
    history: { words: string }[];
  }[];
  return {
    name: found[0].title,
    phone: values.find((one) => one.prop === 'phone')?.history[0]?.words ?? '',
  };
}

async function search(name: string, phone: string): Promise<void> {
  await page.getByTestId('tab-review-emergency').click();
  await page.getByTestId('emergency-name').fill(name);
  await page.getByTestId('emergency-phone').fill(phone);
  await page.getByTestId('emergency-search').click();
}

/** Lets the time to judge it run out. */
async function late(): Promise<void> {
  const run = promisify(execFile);
  const base = join(server.home, 'fieldapp.sqlite');
  const sql = "update emergency_look set due = '2026-01-01T00:00:00.000000Z'";
  await run('python3', [
    '-c',
    `import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute(sys.argv[2]);c.commit()`,
    base,
    sql,
  ]);
}

test('a client of another town, read for an hour and judged there', async () => {
  const { name, phone } = await somebody();
  await logIn('chen');
  await search('查无此人', phone);
  await expect(page.getByTestId('emergency-none')).toBeVisible();
  await shots('emergency-none');
  await search(name, phone);
  await expect(page.getByTestId('emergency-match')).toHaveCount(1);
  await page.getByTestId('emergency-reason').fill(WHY);
  await shots('emergency-found');
  await page.getByTestId('emergency-open').click();
  await expect(page.getByTestId('lent')).toContainText(name);
  await expect(page.getByTestId('lent-group').first()).toContainText(phone);
  await shots('emergency-record');
  await page.getByTestId('tab-review-emergency').click();
  await expect(page.getByTestId('look')).toHaveCount(1);
  await late();
  await logIn('dong');
  await expect(page.getByTestId('emergency-late')).toBeVisible();
  await shots('emergency-late');
  await page.getByTestId('tab-review-emergency').click();
  await page.getByTestId('look-note').fill('已向市医院急诊科核实');
  await shots('emergency-judge');
  await page.getByTestId('lang').click();
  await expect(page.getByTestId('look-late')).toBeVisible();
  await shots('emergency-judge-en');
  await page.getByTestId('lang').click();
  await page.getByTestId('look-note').fill('已向市医院急诊科核实');
  await page.getByTestId('look-justified').click();
  await expect(page.getByTestId('none-to-judge')).toBeVisible();
  await expect(page.getByTestId('emergency-late')).toHaveCount(0);
  await shots('emergency-judged');
});

test('a worker’s training', async () => {
  await server.fieldapp(
    'users',
    'add',
    'hao',
    '--name',
    '郝静',
    '--role',
    'worker',
    '--password',
    'long enough 9',
  );
  await logIn('admin');
  await page.getByTestId('tab-review-users').click();
  await page.locator('[data-test=user-row][data-user=hao]').getByTestId('edit-user').click();
  await shots('training-none');
  await page.getByTestId('training-day').fill('2026-03-12');
  await page.getByTestId('training-keep').click();
  await expect(page.getByTestId('training')).toHaveAttribute('data-state', 'approved');
  await shots('training');
});
