/** The pictures of the review desk: what lies there in the demo district. */

import { expect, type Page, selectors, test } from '@playwright/test';
import { type Desk, openDesk, PASSWORD } from './desk';
import { shot } from './shots';
import { newWorker } from './worker';

selectors.setTestIdAttribute('data-test');

const small = { sharp: false };

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

test('the queue, a visit, and a return', async () => {
  await logIn('chen');
  const rows = page.getByTestId('review-row');
  await expect(rows.first()).toBeVisible();
  await shot(page, 'desk-queue', small);
  await rows.first().click();
  await page.getByTestId('visit').waitFor();
  await shot(page, 'desk-visit', small);
  await page.getByTestId('return').click();
  await page.locator('[data-test^="ask-"]').nth(1).click();
  await page.locator('[data-test^="note-"]').first().fill('请与本人再核对一次');
  await shot(page, 'desk-return', small);
});

test('a conflict with both values and its history', async () => {
  await logIn('chen');
  await page.getByTestId('tab-review-conflicts').click();
  await page.locator('[data-test=conflict-row][data-register=phone]').first().click();
  await page.getByTestId('history-row').nth(2).waitFor();
  await page.getByTestId('choose-1').check();
  await shot(page, 'desk-conflict', small);
});

test('what was kept aside', async () => {
  await logIn('zhao');
  await page.getByTestId('tab-review-quarantine').click();
  await page.getByTestId('quarantined-row').first().waitFor();
  await shot(page, 'desk-quarantine', { ...small, height: 400 });
  await page.getByTestId('open-kept').first().click();
  await page.getByTestId('kept').waitFor();
  await shot(page, 'desk-kept', small);
});

test('accounts and phones', async () => {
  for (const worker of ['wang', 'li']) {
    const phone = await newWorker(desk.server.url);
    await phone.enrol(worker, PASSWORD);
    await phone.dispose();
  }
  await logIn('admin');
  await page.getByTestId('user-row').first().waitFor();
  await shot(page, 'desk-users', { ...small, height: 640 });
  await page.getByTestId('tab-review-devices').click();
  await page.getByTestId('device-row').first().waitFor();
  await shot(page, 'desk-devices', { ...small, height: 400 });
});

test('a form tried before it is published', async () => {
  await logIn('admin');
  await page.getByTestId('tab-review-forms').click();
  await page.getByTestId('program').selectOption('rental');
  await page.getByTestId('file-pick').setInputFiles('e2e/forms/language.md');
  await page.getByTestId('check').click();
  await expect(page.getByTestId('trial').first()).toBeVisible({ timeout: 60_000 });
  await page.getByTestId('trial').first().scrollIntoViewIfNeeded();
  await shot(page, 'desk-forms', small);
});
