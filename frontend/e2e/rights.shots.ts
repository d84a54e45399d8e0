/** The rights desk: a request, the report on paper, a deletion and its certificate. SHOTS: a folder for pictures, to be looked at. */

import { expect, type Page, selectors, test } from '@playwright/test';
import { type Desk, openDesk } from './desk';

selectors.setTestIdAttribute('data-test');

const SIZES = [
  [1280, 800, ''],
  [820, 1180, '-tablet'],
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

/** As it is, and on a tablet. */
const shots = (name: string) => desk.looks(name, SIZES);

async function ask(kind: string, name: string): Promise<void> {
  await page.getByTestId('tab-review-rights').click();
  await page.getByTestId('new-request').click();
  await page.getByTestId('ask-text').fill(name);
  await page.getByTestId('ask-search').click();
  await page.getByTestId('ask-choose').first().click();
  await page.getByTestId(`ask-kind-${kind}`).check();
  await page.getByTestId('ask-save').click();
  await page.getByTestId('request').waitFor();
}

test('a request, the report, a correction', async () => {
  await logIn('chen');
  await ask('correct', '张小梅');
  await shots('desk-request');
  const address = page.url();
  await page.getByTestId('print-report').click();
  await page.getByTestId('report').waitFor();
  await page.getByTestId('correct-full_name').first().click();
  await page.getByTestId('correct-value').fill('张晓梅');
  await page.getByTestId('correct-save').click();
  await expect(page.getByTestId('value-full_name').first()).toContainText('张晓梅');
  await shots('desk-report');
  if (process.env.SHOTS) {
    await page.emulateMedia({ media: 'print' });
    await page
      .pdf({ path: `${process.env.SHOTS}/report.pdf`, format: 'A4' })
      .catch(() => undefined);
    await page.setViewportSize({ width: 794, height: 1123 });
    await page.screenshot({ path: `${process.env.SHOTS}/desk-report-paper.png` });
    await page.emulateMedia({ media: null });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page
      .getByTestId('lang')
      .click()
      .catch(() => undefined);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${process.env.SHOTS}/desk-report-en.png`, fullPage: true });
    await page.getByTestId('lang').click();
  }
  await page.goto(address);
  await page.getByTestId('corrected').click();
  await expect(page.getByTestId('corrected')).toHaveCount(0);
});

test('the steward sees a part, deletes, and watches the phones', async () => {
  await logIn('shen');
  await page.getByTestId('tab-review-rights').click();
  await page.getByTestId('new-request').click();
  await page.getByTestId('ask-text').fill('刘春燕');
  await page.getByTestId('ask-search').click();
  await page.getByTestId('ask-found').first().waitFor();
  await shots('desk-ask');
  await page.getByTestId('ask-choose').first().click();
  await page.getByTestId('ask-kind-delete').check();
  await shots('desk-ask-kind');
  await page.getByTestId('ask-save').click();
  await page.getByTestId('print-report').click();
  await page.getByTestId('report-part').waitFor();
  await shots('desk-report-part');
  await page.goBack();
  await page.getByTestId('preview').click();
  await page.getByTestId('reach').waitFor();
  await page.getByTestId('erase-reason').fill('本人当面提出');
  await page.getByTestId('erase-confirm').fill('刘春燕');
  await shots('desk-erase');
  await page.getByTestId('erase').click();
  await page.getByTestId('certificate').waitFor();
  await shots('desk-certificate');
  await page.getByTestId('tab-review-rights').click();
  await page.getByTestId('erasure-row').first().waitFor();
  await page.getByTestId('state-all').click();
  await page.getByTestId('request-row').first().waitFor();
  await shots('desk-rights');
});

test('the steward reads who looked, and opens a quality issue', async () => {
  await logIn('shen');
  await page.getByTestId('tab-review-log').click();
  await page.getByTestId('chain-whole').waitFor();
  await page.getByTestId('log-line').first().waitFor();
  await shots('desk-log');
  await page.getByTestId('log-find-scope').selectOption('health');
  await page.getByTestId('log-find-text').fill('张晓梅');
  await page.getByTestId('log-find-search').click();
  await page.getByTestId('log-open').first().click();
  await page.getByTestId('person-log').waitFor();
  await expect(page.getByTestId('log-line').first()).toContainText('沈洁');
  await shots('desk-log-person');
  await page.getByTestId('tab-review-queue').click();
  await page.getByTestId('review-row').first().click();
  await page.getByTestId('open-issue').click();
  await shots('desk-open-issue');
  await page.getByTestId('issue-reason').selectOption('ask_double');
  await page.getByTestId('issue-save').click();
  await expect(page.getByTestId('issue-ask_double')).toBeVisible();
  await shots('desk-issue-opened');
});

test('a lessor is somebody too', async () => {
  await logIn('shen');
  await page.getByTestId('tab-review-rights').click();
  await page.getByTestId('new-request').click();
  await page.getByTestId('ask-scope').selectOption('housing');
  await page.getByTestId('ask-text').fill('张');
  await page.getByTestId('ask-search').click();
  const lessor = page.getByTestId('ask-found').filter({ hasText: '出租人' }).first();
  await lessor.waitFor();
  await shots('desk-ask-lessor');
  await lessor.getByTestId('ask-choose').click();
  await page.getByTestId('ask-kind-delete').check();
  await page.getByTestId('ask-save').click();
  await page.getByTestId('print-report').click();
  await page.getByTestId('report').waitFor();
  await shots('desk-report-lessor');
});
