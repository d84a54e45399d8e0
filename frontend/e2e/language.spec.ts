/** 王芳 with a form that uses more of XLSForm: marked words, guidance, people named in the form as choices, a log. */

import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

let server: TestServer;
let wang: Worker;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/language.md', '--program', 'rental');
  wang = await newWorker(server.url);
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

test('people named in the form are its choices, words are marked, and the log goes with the visit', async () => {
  test.setTimeout(180_000);
  const { page } = wang;
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET' && request.url().includes('/blobs')) sent.push(request.url());
  });
  await wang.enrol('wang', 'xunfang-2026');
  await wang.workspace('housing');
  await wang.startForm('who_lives_here');

  const intro = page.getByTestId('question-intro');
  await expect(intro.locator('strong', { hasText: '每一位' })).toBeVisible();
  await expect(intro.getByRole('link', { name: '说明' })).toHaveAttribute('rel', /noopener/);
  await expect(intro).not.toContainText('**');
  const guidance = page.getByTestId('guidance-people[0]/nick');
  await expect(guidance.getByText('小名')).toBeHidden();
  await guidance.getByText('怎么问').click();
  await expect(guidance.getByText('小名')).toBeVisible();

  await wang.answer('people[0]/nick', '奶奶 李');
  await page.getByTestId('add-people').click();
  await wang.answer('people[1]/nick', '小梅');
  const heads = page.getByTestId('question-head').locator('label, [role=radio]');
  await expect(heads).toHaveText(['奶奶 李', '小梅']);
  await heads.filter({ hasText: '奶奶 李' }).click();
  const waters = page.getByTestId('question-water').locator('label');
  await expect(waters).toHaveText(['自来水', '送水车', '山泉', '自家的井']);
  const { violations } = await new AxeBuilder({ page })
    .options({ runOnly: ['wcag2a', 'wcag2aa'] })
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((it) => it.html)])).toEqual([]);
  if (process.env.SHOTS) {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${process.env.SHOTS}/language-1.png` });
    await page.screenshot({ path: `${process.env.SHOTS}/language-2.png`, fullPage: true });
  }
  await wang.answer('water', 'spring');
  await wang.finish();
  await wang.sendAll();
  await expect.poll(() => sent.length).toBeGreaterThan(0);
});
