/** The pictures of the phone and the tablet: one day of 王芳 in the demo district. */

import { expect, test } from '@playwright/test';
import { consent, day, firstPregnancyVisit, rentedFlat } from './answers';
import { startServer, type TestServer } from './server';
import { scrollTo, shot } from './shots';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
/** Made up by the demo district, each with two entries that differ. */
const CONFLICT_CLIENT = '张小梅';
const CONFLICT_DWELLING = '柳林村文化路4号';

test.describe.configure({ mode: 'serial', timeout: 300_000 });

let server: TestServer;
let wang: Worker;

test.beforeAll(async () => {
  server = await startServer();
  wang = await newWorker(server.url);
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

test('first use, and every morning', async () => {
  const { page } = wang;
  await page.goto(server.url);
  await page.getByTestId('login-user').fill('wang');
  await shot(page, 'phone-login');
  await wang.enrol('wang', PASSWORD);
  await page.reload();
  await page.getByTestId('unlock').waitFor();
  await shot(page, 'phone-unlock');
  await wang.unlock();
  await wang.workspace('health');
  await page.getByTestId('task-item').first().waitFor();
  await shot(page, 'phone-today');
  await page.getByTestId('tab-me').click();
  await page.getByTestId('large').waitFor();
  await shot(page, 'phone-settings');
});

test('records, and where two entries differ', async () => {
  const { page } = wang;
  await wang.workspace('housing');
  await page.getByTestId('tab-find').click();
  await page.getByTestId('find-text').fill('文化路');
  await expect(page.locator('[data-test^="entity-"]').first()).toBeVisible();
  await shot(page, 'phone-find');
  await wang.openRecord(CONFLICT_DWELLING);
  await shot(page, 'phone-dwelling');
  await page.getByTestId('back').click();
  await wang.workspace('health');
  await wang.openRecord(CONFLICT_CLIENT);
  await shot(page, 'phone-client');
  await page.getByTestId('back').click();
});

test('a pregnancy visit with a danger sign', async () => {
  const { page } = wang;
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent('林小燕', '13800001111'));
  await shot(page, 'phone-consent');
  await wang.finish();
  await wang.startForm('preg_followup');
  const answers = { ...firstPregnancyVisit('林小燕'), 'g_preg/g_anc/danger_p': 'bleed' };
  for (const [path, value] of Object.entries(answers)) {
    await wang.answer(path, value);
    if (path.endsWith('danger_p')) break;
  }
  await expect(page.getByTestId('question-g_preg/g_anc/act_now_p')).toBeVisible();
  await scrollTo(page, 'question-g_preg/g_anc/danger_p');
  await shot(page, 'phone-danger');
  await page.setViewportSize({ width: 800, height: 1280 });
  await scrollTo(page, 'question-g_preg/g_anc/danger_p');
  await shot(page, 'tablet-form', { sharp: false });
  await page.setViewportSize({ width: 360, height: 640 });
  await page.getByTestId('back').click();
});

test('what is missing is listed', async () => {
  const { page } = wang;
  await wang.workspace('health');
  await wang.startForm('preg_followup');
  await wang.fill({ 'g_visit/visit_mode': 'home', 'g_visit/visit_date': day(-40) });
  while (await page.getByTestId('next').isVisible()) await page.getByTestId('next').click();
  await page.getByTestId('finish').click();
  await scrollTo(page, 'problems');
  await shot(page, 'phone-problems');
  await page.getByTestId('back').click();
});

test('a let flat with its residents, saved without signal', async () => {
  const { page } = wang;
  await server.stop();
  await wang.workspace('housing');
  await wang.startForm('rental_register');
  await wang.fill(rentedFlat('3单元402室', ['孙志强', '吴丽萍']));
  await page.getByTestId('question-residents[1]/r_consent').waitFor();
  await scrollTo(page, 'repeat-residents');
  await shot(page, 'phone-residents');
  while (await page.getByTestId('next').isVisible()) await page.getByTestId('next').click();
  await page.getByTestId('finish').click();
  await page.getByTestId('saved').waitFor();
  await shot(page, 'phone-saved');
  await page.getByTestId('saved-today').click();
  await page.getByTestId('tab-outbox').click();
  await expect(page.getByTestId('outbox-item').first()).toBeVisible();
  await shot(page, 'phone-outbox');
});

test('a visit returned with a note', async () => {
  const { page } = wang;
  await server.start();
  await wang.sendAll();
  await wang.workspace('health');
  const returned = page.getByTestId('returned-item');
  if (!(await returned.first().isVisible())) await wang.workspace('housing');
  await returned.first().click();
  await page.getByTestId('correction').waitFor();
  await shot(page, 'phone-returned');
  await page.getByTestId('back').click();
});

test('on a tablet, and in English', async () => {
  const { page } = wang;
  await wang.workspace('health');
  await page.setViewportSize({ width: 800, height: 1280 });
  await shot(page, 'tablet-today', { sharp: false });
  await page.setViewportSize({ width: 360, height: 640 });
  await page.getByTestId('tab-me').click();
  await page.getByTestId('lang-en').click();
  await page.getByTestId('tab-today').click();
  await shot(page, 'phone-english');
});
