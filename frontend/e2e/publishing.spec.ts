/** A form changed on a Tuesday: uploaded broken, mended, tried in the phone's frame, published, and taken by a phone. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, selectors, test } from '@playwright/test';
import { launchPhone, type Phone } from './browser';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

selectors.setTestIdAttribute('data-test');

const PASSWORD = 'xunfang-2026';
const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));
const SHOTS = process.env.FORMS_SHOTS;
const MAKE = `
import json, sys
from openpyxl import Workbook
book = Workbook()
del book["Sheet"]
for name, rows in json.loads(sys.argv[2]).items():
    sheet = book.create_sheet(name)
    for row in rows: sheet.append(row)
book.save(sys.argv[1])
`;
const HEAD = ['type', 'name', 'label::中文(zh)', 'label::English(en)', 'relevant'];
const DATE = ['date', 'visit_date', '日期', 'Date', ''];
const SLEEP = ['text', 'sleep', '睡得怎么样', 'How was the night', ''];
const MOOD = ['select_one mood', 'mood', '心情怎么样', 'How are you feeling', ''];

let server: TestServer;
let browser: Phone;
let page: Page;
let wang: Worker;
let folder: string;

test.describe.configure({ mode: 'serial', timeout: 240_000 });

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'fieldapp-publishing-'));
  browser = await launchPhone(join(folder, 'desk'), { width: 1280, height: 800, isMobile: false });
  page = browser.page;
  wang = await newWorker(server.url);
});

test.afterAll(async () => {
  await browser?.close();
  await wang?.dispose();
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** An Excel file of a form with these questions. */
async function workbook(name: string, version: string, ...survey: string[][]): Promise<string> {
  const file = join(folder, name);
  const sheets = {
    survey: [HEAD, ...survey],
    choices: [
      ['list_name', 'name', 'label::中文(zh)', 'label::English(en)'],
      ['mood', '1', '好', 'Well'],
      ['mood', '2', '一般', 'So-so'],
    ],
    settings: [
      ['form_id', 'version', 'form_title'],
      ['night_visit', version, '夜访 / Night visit'],
    ],
  };
  await promisify(execFile)(PYTHON, ['-c', MAKE, file, JSON.stringify(sheets)]);
  return file;
}

async function check(...files: string[]): Promise<void> {
  await page.getByTestId('program').selectOption('consent');
  // As a click does: the same name must count as chosen anew.
  await page.getByTestId('file-pick').setInputFiles([]);
  await page.getByTestId('file-pick').setInputFiles(files);
  await page.getByTestId('check').click();
  await expect(page.getByTestId('trial').first()).toBeVisible({ timeout: 60_000 });
}

async function accessible(): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .options({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    .analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`)).toEqual([]);
}

async function picture(name: string): Promise<void> {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

test('a worker has begun a visit in the version in use', async () => {
  const first = await workbook('night.xlsx', '1', DATE, SLEEP);
  await server.fieldapp('forms', 'publish', first, '--program', 'consent');
  await wang.enrol('wang', PASSWORD);
  await wang.workspace('health');
  await wang.startForm('night_visit');
  await wang.answer('sleep', '很好');
  await expect(wang.page.getByTestId('draft-state')).toContainText('草稿');
  await wang.page.getByTestId('back').click();
});

test('the administrator reads what is wrong with a broken file', async () => {
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill('admin');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await page.getByTestId('tab-review-forms').click();
  await expect(page.getByTestId('form-row').filter({ hasText: 'night_visit' })).toBeVisible();
  const wrong = ['wibble', 'x', '某', 'X', ['$', '{nobody} = 1'].join('')];
  await check(await workbook('night-2.xlsx', '2', DATE, SLEEP, wrong, MOOD));
  const rows = page.getByTestId('problem-row');
  await expect(rows).toHaveCount(2);
  await expect(rows.filter({ hasText: 'wibble' })).toContainText('survey');
  await expect(rows.filter({ hasText: 'nobody' })).toContainText('relevant');
  await expect(page.getByTestId('publish')).toHaveCount(0);
  await accessible();
  await picture('forms-problems');
});

test('mended, it is tried in the phone’s frame and published', async () => {
  await check(await workbook('night-2.xlsx', '2', DATE, SLEEP, MOOD));
  await expect(page.getByTestId('change-row')).toHaveCount(1);
  await expect(page.getByTestId('change-row')).toContainText('心情怎么样');
  const phone = page.frameLocator('[data-test=phone]');
  await phone.getByTestId('question-mood').getByText('一般').click();
  await page.getByTestId('phone-lang').click();
  await expect(phone.getByTestId('question-mood')).toContainText('How are you feeling');
  await page.getByTestId('phone-lang').click();
  await expect(phone.getByTestId('question-mood')).toContainText('心情怎么样');
  await accessible();
  await picture('forms-trial');
  await page.setViewportSize({ width: 820, height: 1180 });
  await picture('forms-trial-tablet');
  await page.setViewportSize({ width: 1280, height: 800 });
  await phone.getByTestId('finish').click();
  await expect(phone.getByTestId('try-done')).toContainText('没有保存');
  await page.getByTestId('publish').click();
  await expect(page.getByTestId('confirm-yes')).toContainText('2');
  await picture('forms-confirm');
  await page.getByTestId('confirm-yes').click();
  await expect(page.getByTestId('published')).toContainText('已发布', { timeout: 60_000 });
  const form = page.locator('[data-form=night_visit]');
  await expect(form.getByTestId('version-row').first()).toContainText('使用中');
  await expect(form.getByTestId('version-row')).toHaveCount(2);
  const download = page.waitForEvent('download');
  await form.getByTestId('source').last().click();
  expect((await download).suggestedFilename()).toBe('night_visit-1.xlsx');
  await picture('forms-in-use');
});

test('the phone takes it at its next sync, and the old draft is finished in its own version', async () => {
  await wang.sendAll();
  await wang.workspace('health');
  await wang.startForm('night_visit');
  await expect(wang.page.getByTestId('question-mood')).toBeVisible();
  await wang.page.getByTestId('back').click();
  await wang.page.locator('[data-test=draft-item]').filter({ hasText: '夜访' }).first().click();
  await expect(wang.page.getByTestId('question-sleep')).toBeVisible();
  await expect(wang.page.getByTestId('question-mood')).toHaveCount(0);
  await wang.finish();
  await wang.sendAll();
  await page.reload();
  const rows = page.locator('[data-form=night_visit]').getByTestId('version-row');
  await expect(rows.filter({ hasText: '使用中' })).toContainText('0');
  await expect(rows.last()).toContainText('1');
});
