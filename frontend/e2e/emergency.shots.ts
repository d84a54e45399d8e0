/** An emergency look, its judgement, a training, and the clinic of an area. SHOTS: a folder for pictures, to be looked at. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Page, selectors, test } from '@playwright/test';
import { type Desk, openDesk, PASSWORD } from './desk';

selectors.setTestIdAttribute('data-test');

const WHY = '孕妇大出血，送到本院急诊，需要了解产检情况';
const SIZES = [
  [1280, 800, ''],
  [768, 1024, '-768'],
  [360, 640, '-360'],
] as const;

let desk: Desk;
let page: Page;

test.describe.configure({ timeout: 300_000 });

test.beforeAll(async () => {
  test.setTimeout(300_000);
  desk = await openDesk();
  page = desk.page;
});
test.afterAll(() => desk?.dispose());

const logIn = (username: string) => desk.logIn(username);

const shots = (name: string) => desk.looks(name, SIZES);

/** Somebody of 南山镇, where 陈静 has no part: name and number, as 董慧 knows them. */
async function somebody(): Promise<{ name: string; phone: string }> {
  const ask = (path: string, data: object) =>
    page.request.post(`${desk.server.url}/api/${path}`, { data, headers: { 'X-FS-Proto': '1' } });
  await ask('session', { username: 'dong', password: PASSWORD });
  const found = await (await ask('rights/find', { scope: 'health', text: '13' })).json();
  const request = await (
    await ask('rights/requests', { kind: 'access', subject: found[0].id })
  ).json();
  const report = await (
    await page.request.get(`${desk.server.url}/api/rights/requests/${request.id}/report`)
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
  const base = join(desk.server.home, 'fieldapp.sqlite');
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
  await desk.server.fieldapp(
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

test('the clinic of an area', async () => {
  await logIn('admin');
  await page.getByTestId('tab-review-areas').click();
  await page.getByTestId('clinic-edit').nth(1).click();
  await shots('areas');
});
