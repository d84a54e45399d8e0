/** 王芳 on a day without signal: each form is filled, kept on the phone, and sent in the evening. */

import { expect, type Page, test } from '@playwright/test';
import { consent, contraceptionVisit, day, firstPregnancyVisit, rentedFlat } from './answers';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.setTimeout(300_000);

let server: TestServer;
let wang: Worker;
let page: Page;

test.beforeEach(async () => {
  server = await startServer();
  wang = await newWorker(server.url);
  await wang.enrol('wang', PASSWORD);
  page = wang.page;
});
test.afterEach(async () => {
  await wang?.dispose();
  await server?.dispose();
});

test('every form is filled with no signal, survives the battery, and is sent when there is one', async () => {
  await server.stop();
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent('张小梅甲', '13800001111'));
  await wang.finish();
  await wang.startForm('preg_followup');
  await wang.fill(firstPregnancyVisit('张小梅甲'));
  await wang.finish();
  await wang.startForm('contra_followup');
  await wang.fill(contraceptionVisit('张小梅甲'));
  await wang.finish();
  await wang.workspace('housing');
  await wang.startForm('rental_register');
  await wang.fill(rentedFlat('甲', ['孙一']));
  await wang.finish();

  await wang.battery();
  page = wang.page;
  await page.getByTestId('tab-outbox').click();
  await expect(page.getByTestId('outbox-item')).toHaveCount(4);
  await expect(page.getByTestId('outbox-item').first()).toContainText('柳林路88号 甲');
  await expect(page.getByTestId('unsent')).toContainText('4');

  await server.start();
  await page.getByTestId('sync-now').click();
  await expect(page.getByTestId('unsent')).toHaveText('已全部发送', { timeout: 60_000 });
  for (const state of await page.getByTestId('outbox-state').allTextContents()) {
    expect(['已送达', '已备份']).toContain(state);
  }
});

test('a visit begun from a record has its person chosen, and what was said last time is confirmed', async () => {
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent('张小梅乙', '13800001112'));
  await wang.finish();
  await wang.openRecord('张小梅乙');
  await expect(page.getByTestId('fact-phone')).toContainText('13800001112');
  await expect(
    page.getByTestId('related-consent').locator('[data-test^="entity-"]'),
  ).not.toHaveCount(0);
  const { 'g_visit/person_id': _, ...rest } = firstPregnancyVisit('张小梅乙');
  await wang.startForm('preg_followup');
  await expect(page.getByTestId('pick-g_visit/person_id')).toContainText('张小梅乙');
  await wang.fill(rest);
  await wang.finish();

  await wang.openRecord('张小梅乙');
  await wang.startForm('preg_followup');
  await wang.fill({
    'g_visit/visit_mode': 'phone',
    'g_visit/contact_result': 'met',
    'g_visit/still_ok': '1',
    'g_visit/private_ok': '1',
    'g_preg/g_ga/status': 'on',
  });
  const next = page.getByTestId('question-g_preg/g_next/contact_pref');
  while (!(await next.isVisible())) await page.getByTestId('next').click();
  await expect(next).toContainText('上次：每月');
  await page.getByTestId('still-g_preg/g_next/contact_pref').click();
  await expect(next).toContainText('已确认');
});

test('a danger sign says at once what to do, however long the list of signs', async () => {
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(consent('张小梅丙', '13800001113'));
  await wang.finish();
  await wang.startForm('preg_followup');
  const signs = 'g_preg/g_anc/danger_p';
  await wang.fill({ ...firstPregnancyVisit('张小梅丙'), [signs]: 'none' });
  await page.getByTestId('previous').click();
  await page.getByTestId('previous').click();
  await page.getByTestId(`option-${signs}-none`).click();
  await page.getByTestId(`option-${signs}-bleed`).click();
  const note = page.getByTestId('question-g_preg/g_anc/act_now_p');
  await expect(note).toContainText('120');
  await expect(note).toBeInViewport({ ratio: 1 });
  await page.getByTestId(`option-${signs}-bleed`).click();
  await expect(note).toBeHidden();
});

test('the phone says what is missing and leads there; a draft can be left and thrown away', async () => {
  await wang.workspace('health');
  await wang.startForm('preg_followup');
  await wang.fill({ 'g_visit/visit_mode': 'home', 'g_visit/visit_date': day(-40) });
  await page.getByTestId('finish').click();
  await expect(page.getByTestId('problems')).toContainText('服务对象');
  await expect(page.getByTestId('problem-g_visit/visit_date')).toContainText('30天');
  await page.getByTestId('problem-link-g_visit/contact_result').click();
  await expect(
    page.getByTestId('option-g_visit/contact_result-met').locator('input'),
  ).toBeFocused();
  await page.getByTestId('back').click();
  await expect(page.getByTestId('draft-item')).toHaveCount(1);
  await page.getByTestId('draft-remove').click();
  await page.getByTestId('confirm-yes').click();
  await expect(page.getByTestId('draft-item')).toHaveCount(0);
});
