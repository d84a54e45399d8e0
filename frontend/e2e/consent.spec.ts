/** Consent at the door: what doesn't open without it, taking it back in two taps, a child, the notice, words we don't want. */

import { expect, type Page, test } from '@playwright/test';
import { consent, day, firstPregnancyVisit } from './answers';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.describe.configure({ mode: 'serial' });
test.setTimeout(300_000);

let server: TestServer;
let wang: Worker;
let page: Page;

async function look(name: string): Promise<void> {
  const folder = process.env.LOOK;
  if (!folder) return;
  for (const [width, height] of [
    [360, 640],
    [820, 1180],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `${folder}/${name}-${width}.png`, animations: 'disabled' });
  }
  await page.setViewportSize({ width: 360, height: 640 });
}

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  wang = await newWorker(server.url);
  page = wang.page;
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

async function register(name: string, changed: Record<string, string> = {}): Promise<void> {
  await wang.workspace('health');
  await wang.startForm('consent_record');
  const answers = Object.entries({ ...consent(name, '13800001111'), ...changed });
  // In the order of the form: what a child adds comes with the group it stands in.
  const groups = ['g_start', 'g_consent', 'g_person'];
  const place = ([path]: [string, string]) => groups.indexOf(path.split('/')[0] ?? '');
  await wang.fill(Object.fromEntries(answers.sort((a, b) => place(a) - place(b))));
  await wang.finish();
}

async function open(form: string): Promise<void> {
  await page.getByTestId(`start-form-${form}`).click();
}

test('the notice is read out in large print, in the version that is recorded', async () => {
  await wang.enrol('wang', PASSWORD);
  await server.stop();
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.answer('g_start/known', '0');
  await page.getByTestId('notice-open').click();
  const step = page.getByTestId('notice-step');
  await expect(step).toContainText('我们是谁');
  await look('notice');
  await page.getByTestId('notice-next').click();
  await expect(step).toContainText('胎儿或孩子的性别');
  await page.getByTestId('notice-simple').click();
  await expect(step).toContainText('你好');
  await expect(page.getByTestId('notice-speak')).toBeHidden();
  await look('notice-simple');
  while (await page.getByTestId('notice-next').isVisible())
    await page.getByTestId('notice-next').click();
  await page.getByTestId('notice-done').click();
  await expect(step).toBeHidden();
  await page.getByTestId('back').click();
  await page.getByTestId('draft-remove').click();
  await page.getByTestId('confirm-yes').click();
});

test('a form doesn’t open for somebody who said no, and nobody asks again before the day', async () => {
  await register('刘春燕丁', { 'g_consent/c_contra': '0' });
  await wang.startForm('contra_followup');
  await wang.fill({ 'g_visit/visit_mode': 'home', 'g_visit/person_id': '刘春燕丁' });
  const stop = page.getByTestId('consent-stop');
  await expect(stop).toHaveAttribute('data-state', 'declined');
  await expect(stop).toContainText('前请不要再问');
  await expect(page.getByTestId('take-consent')).toBeHidden();
  await expect(page.getByTestId('finish')).toBeHidden();
  await expect(page.getByTestId('question-g_visit/contact_result')).toBeHidden();
  await look('stop-declined');
  await page.getByTestId('other-person').click();
  await expect(page.getByTestId('question-g_visit/person_id')).toBeVisible();
  await page.getByTestId('back').click();
  await wang.openRecord('刘春燕丁');
  await expect(page.getByTestId('quiet')).toContainText('前请不要再问');
  await expect(page.getByTestId('start-form-contra_followup')).toBeHidden();
  await expect(page.getByTestId('start-form-preg_followup')).toBeVisible();
  await look('record');
});

test('a clinic is told of somebody only with her yes, which names it; danger is not held back', async () => {
  const clinic = '柳河镇卫生院';
  const inDanger = (name: string) => {
    const { 'g_preg/g_next/next_contact': _, ...visit } = firstPregnancyVisit(name);
    return { ...visit, 'g_preg/g_anc/danger_p': 'bleed', 'g_ref/called': '0' };
  };
  for (const [name, yes] of [
    ['周小云', '1'],
    ['郑小云', '0'],
  ] as const) {
    await wang.workspace('health');
    await wang.startForm('consent_record');
    const answers = Object.entries({ ...consent(name, '13800002222'), 'g_consent/c_share': yes });
    const at = answers.findIndex(([path]) => path === 'g_consent/c_share');
    await wang.fill(Object.fromEntries(answers.slice(0, at)));
    await expect(page.getByTestId('question-g_consent/c_share')).toContainText(clinic);
    if (yes === '1') await look('share-question');
    await wang.fill(Object.fromEntries(answers.slice(at)));
    await wang.finish();
    await wang.startForm('preg_followup');
    await wang.fill(inDanger(name));
    await expect(page.getByTestId('question-g_ref/act_now')).toContainText('120');
    const told = page.getByTestId('question-g_ref/referred');
    const instead = page.getByTestId('question-g_ref/no_share');
    await expect(page.getByTestId('question-g_ref/clinic_call')).toContainText('0632-5550101');
    if (yes === '1') {
      await expect(told).toContainText(clinic);
      await expect(instead).toBeHidden();
    } else {
      await expect(told).toBeHidden();
      await expect(instead).toContainText('不要说出她的姓名');
    }
    await page.getByTestId('question-g_ref/called').scrollIntoViewIfNeeded();
    await look(`share-${yes}`);
    await wang.fill(yes === '1' ? { 'g_ref/referred': '1' } : { 'g_ref/ref_no': '本人自己去' });
    await wang.finish();
  }
  await wang.openRecord('周小云');
  await expect(page.getByTestId('consent-share')).toContainText(clinic);
});

test('consent is taken back in two taps with no signal: tasks and forms stop at once', async () => {
  await register('张小梅丁');
  await wang.startForm('preg_followup');
  await wang.fill({
    ...firstPregnancyVisit('张小梅丁'),
    'g_preg/g_next/next_contact': day(1),
  });
  await wang.finish();
  await page.clock.setFixedTime(new Date(Date.now() + 2 * 86_400_000));
  await page.reload();
  await wang.unlock();
  await wang.workspace('health');
  await page.getByTestId('tasks-more').click();
  const tasks = page.getByTestId('task-item').filter({ hasText: '张小梅丁' });
  await expect(tasks).not.toHaveCount(0);
  const reminds = page.locator('li', { has: tasks }).getByTestId('remind');
  const sent = await page.evaluateHandle(() => {
    const addresses: string[] = [];
    HTMLAnchorElement.prototype.click = function open() {
      addresses.push(this.href);
    };
    return addresses;
  });
  const [here, before] = [page.url(), await page.evaluate(() => history.length)];
  await reminds.first().scrollIntoViewIfNeeded();
  await look('remind');
  await reminds.first().click();
  const text = encodeURIComponent('您预约的服务时间到了');
  expect(await sent.jsonValue()).toEqual([`sms:13800001111?&body=${text}`]);
  expect([page.url(), await page.evaluate(() => history.length)]).toEqual([here, before]);
  expect(await page.content()).not.toContain('sms:');
  await wang.openRecord('张小梅丁');
  await expect(page.getByTestId('consent-preg')).toHaveAttribute('data-state', 'live');

  await page.getByTestId('withdraw').click();
  await look('withdraw');
  await page.getByTestId('confirm-yes').click();

  await expect(page.getByTestId('withdrawn')).toBeVisible();
  await expect(page.getByTestId('consent-preg')).toHaveAttribute('data-state', 'declined');
  await expect(page.getByTestId('withdraw')).toBeHidden();
  for (const form of ['preg_followup', 'contra_followup', 'consent_record']) {
    await expect(page.getByTestId(`quiet-${form}`)).toBeVisible();
  }
  await look('withdrawn');
  await wang.workspace('health');
  await page.getByTestId('tasks-more').click();
  await expect(page.getByTestId('task-item')).not.toHaveCount(0);
  await expect(tasks).toHaveCount(0);
  await expect(reminds).toHaveCount(0);
  await page.getByTestId('tab-outbox').click();
  await expect(page.getByTestId('outbox-item').first()).toContainText('张小梅丁');
});

test('a child is protected, not followed up', async () => {
  await register('李秀秀', {
    'g_consent/age14': '0',
    'g_consent/guardian': '李秀英，母亲',
    'g_person/n_dob': day(-12 * 365),
  });
  await wang.openRecord('李秀秀');
  await open('preg_followup');
  const screen = page.getByTestId('safeguarding');
  await expect(screen).toContainText('12355');
  await expect(screen.locator('a[href="tel:12355"]')).toBeVisible();
  await expect(page.getByTestId('finish')).toBeHidden();
  await look('safeguarding');
  await page.getByTestId('safeguarding-note').click();
  await wang.fill({ 'g_note/told': 'line lead' });
  await look('safeguarding-note');
  await wang.finish();
});

test('what has ended is asked anew', async () => {
  await register('张小梅戊');
  // Out of reach for so long it wouldn't open at all.
  await server.start();
  await page.clock.setFixedTime(new Date(Date.now() + 800 * 86_400_000));
  await page.reload();
  await wang.unlock();
  await wang.workspace('health');
  await wang.openRecord('张小梅戊');
  await look('expired-record');
  await open('preg_followup');
  await expect(page.getByTestId('consent-stop')).toHaveAttribute('data-state', 'expired');
  await look('stop-expired');
  await page.getByTestId('take-consent').click();
  await expect(page.getByTestId('question-g_start/lang_ok')).toBeVisible();
  await expect(page.getByTestId('pick-g_start/person_id')).toContainText('张小梅戊');
  await expect(page.getByTestId('still-g_start/known')).toHaveCount(0);
  await look('take');
});

test('a gentle word about what is typed, which stops nothing', async () => {
  await page.getByTestId('back').click();
  await register('王小花');
  await wang.startForm('preg_followup');
  const remark = 'g_preg/g_new/care_place';
  const { 'g_preg/g_book/book_has': _, ...visit } = firstPregnancyVisit('王小花');
  const before = Object.entries(visit).slice(0, 6);
  await wang.fill(Object.fromEntries(before));
  await wang.answer(remark, '县医院，电话 138 0000 1234，她是二胎');
  const said = page.getByTestId(`careful-${remark}`);
  await expect(said).toContainText('二胎');
  await expect(said).toContainText('13800001234');
  await look('careful');
  await wang.answer(remark, '县医院');
  await expect(said).toBeHidden();
});
