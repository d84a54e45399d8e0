/** Every screen of the phone, small and large, in both print sizes: reachable by everybody, nothing cut off. */

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { consent } from './answers';
import { startServer, type TestServer } from './server';
import { watermarkOf } from './watermark';
import { newWorker, PIN, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
const SIZES = [
  { width: 360, height: 640 },
  { width: 800, height: 1280 },
];
/** Smallest side of what a thumb aims at, CSS pixels. */
const TOUCH = 44;

// One phone's day: each story goes on where the one before left it.
test.describe.configure({ mode: 'serial', timeout: 120_000 });

let server: TestServer;
let li: Worker;

test.beforeAll(async () => {
  // Run by itself, it is the first to make the district.
  test.setTimeout(300_000);
  server = await startServer();
  li = await newWorker(server.url);
});
test.afterAll(async () => {
  await li?.dispose();
  await server?.dispose();
});

test('every screen is fit for any eye and thumb', async () => {
  const { page } = li;
  await page.goto(server.url);
  await expect(page.getByTestId('login-user')).toBeVisible();
  await inspect(page, 'log-in');
  expect(await watermarkOf(page)).toBe('none');
  await li.enrol('li', PASSWORD);
  const day = await page.evaluate(() => new Date().toLocaleDateString('sv'));
  expect(await watermarkOf(page)).toContain(`>李娜 li ${day}<`);
  await page.getByTestId('start-form-consent_record').waitFor();
  await inspect(page, 'today');
  await li.startForm('consent_record');
  await li.fill(consent('刘春燕甲', '13800002222'));
  await li.answer('g_person/n_area', '柳林村');
  await inspect(page, 'form');
  await li.finish();
  await li.openRecord('刘春燕甲');
  await inspect(page, 'record');
  await page.getByTestId('back').click();
  await inspect(page, 'find');
  await page.getByTestId('tab-outbox').click();
  await inspect(page, 'outbox');
  await page.getByTestId('tab-me').click();
  await inspect(page, 'me');
  await page.getByTestId('large').click();
  await inspect(page, 'me in large print');
  await page.getByTestId('tab-today').click();
  await inspect(page, 'today in large print');
  await page.getByTestId('tab-me').click();
  await page.getByTestId('large').click();
});

test('somebody comes in: one tap hides everything, and only the PIN brings it back', async () => {
  const { page } = li;
  const cover = page.getByTestId('cover');
  await page.getByTestId('tab-find').click();
  await page.getByTestId('quick-hide').click();
  await expect(cover).toBeVisible();
  await expect(page).toHaveTitle('时钟');
  expect(await watermarkOf(page, 'dialog[open]')).toBe('none');
  expect(await watermarkOf(page)).toBe('none');
  await expect(page.getByTestId('pin')).toBeAttached();
  await page.goBack();
  await expect(cover).toBeVisible();
  await cover.click();
  await page.waitForTimeout(1000);
  await expect(cover).toBeVisible();
  await cover.dblclick();
  await expect(cover).toBeHidden();
  await expect(page).toHaveTitle('走访');
  await expect(page.getByTestId('find-text')).toBeHidden();
  await inspect(page, 'locked after hiding');
  await li.unlock();
});

test('three fingers cover a dialog too, and nothing of a form begun is lost', async () => {
  const { page } = li;
  await li.workspace('housing');
  await li.startForm('rental_register');
  await li.answer('g_visit/met', 'met');
  const address = page.url();
  await page.evaluate(() => {
    const dialog = document.body.appendChild(document.createElement('dialog'));
    dialog.append('何秀云');
    dialog.showModal();
    const touches = [1, 2, 3].map(
      (identifier) =>
        new Touch({ identifier, target: dialog, clientX: 9 * identifier, clientY: 9 }),
    );
    dialog.dispatchEvent(new TouchEvent('touchstart', { touches, bubbles: true }));
  });
  const cover = page.getByTestId('cover');
  await expect(cover).toBeVisible();
  // What lies on top of everything at the dialog's place is the cover.
  const top = () =>
    document.elementFromPoint(180, 320)?.closest('[data-test]')?.getAttribute('data-test');
  expect(await page.evaluate(top)).toBe('cover');
  await page.evaluate(() => document.querySelector('dialog')?.remove());
  await cover.dblclick();
  await li.unlock();
  await expect(page).toHaveURL(address);
  await expect(page.getByTestId('option-g_visit/met-met').locator('input')).toBeChecked();
  await page.getByTestId('back').click();
  await li.workspace('health');
});

test('in the list of apps there is nothing to see', async () => {
  const { page } = li;
  const goes = (state: string) =>
    page.evaluate((to) => {
      Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await goes('hidden');
  await expect(page.getByTestId('tab-today')).toBeHidden();
  await goes('visible');
  await expect(page.getByTestId('tab-today')).toBeVisible();
});

test('the app turns to English and back, and remembers it', async () => {
  const { page } = li;
  await page.getByTestId('tab-me').click();
  await page.getByTestId('lang-en').click();
  await expect(page.getByTestId('tab-today')).toHaveText('Today');
  await page.getByTestId('tab-today').click();
  await expect(page.getByTestId('start-form-preg_followup')).toHaveText('Pregnancy follow-up');
  await page.reload();
  await expect(page.getByTestId('unlock')).toHaveText('Open');
  await li.unlock();
  await page.getByTestId('tab-me').click();
  await page.getByTestId('lang-zh-CN').click();
  await expect(page.getByTestId('tab-today')).toHaveText('今天');
});

test('a locked phone shows nothing, refuses a wrong PIN, and goes on where it was', async () => {
  const { page } = li;
  await li.openRecord('刘春燕甲');
  await page.reload();
  await expect(page.getByTestId('record-title')).toHaveCount(0);
  await inspect(page, 'unlock');
  await page.getByTestId('pin').fill('000001');
  await page.getByTestId('unlock').click();
  await expect(page.getByTestId('pin-error')).toBeVisible();
  await page.getByTestId('pin').fill(PIN);
  await page.getByTestId('unlock').click();
  await expect(page.getByTestId('record-title')).toContainText('刘春燕甲');
});

test('a form killed behind the camera is there again; to another page its address says nothing', async () => {
  const { page } = li;
  await li.openRecord('刘春燕甲');
  await page.getByTestId('start-form-preg_followup').click();
  const person = page.getByTestId('question-g_visit/person_id');
  await expect(person).toContainText('刘春燕甲');
  await page.getByTestId('pick-g_visit/person_id').click();
  expect(await watermarkOf(page, 'dialog[open]')).toContain('>李娜 li ');
  await page.getByTestId('sheet-close').click();
  const kept = await page.evaluate(() =>
    JSON.stringify([history.state, { ...sessionStorage }, document.title, location.href]),
  );
  expect(kept).toContain('"shown"');
  expect(kept).not.toMatch(/preg|health|record_|[0-9a-f]{8}-[0-9a-f]{4}|[\u4e00-\u9fff]{3}/);
  const address = page.url();
  await page.reload();
  await li.unlock();
  await expect(page).toHaveURL(address);
  await expect(person).toContainText('刘春燕甲');
  await page.getByTestId('back').click();
  await expect(page.getByTestId('record-title')).toContainText('刘春燕甲');

  const other = await page.context().newPage();
  await other.goto(address);
  await other.getByTestId('pin').fill(PIN);
  await other.getByTestId('pin').press('Enter');
  await expect(other.getByTestId('tab-today')).toBeVisible();
  await expect(other.getByRole('alert')).toHaveCount(0);
  await other.close();
});

test('health and housing are never searched together', async () => {
  const { page } = li;
  await li.workspace('housing');
  await page.getByTestId('tab-find').click();
  await page.getByTestId('find-text').fill('刘春燕甲');
  await expect(page.getByTestId('find-count')).toContainText('没有找到');
});

async function inspect(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const where = `${name} at ${size.width}`;
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
      where,
    ).toEqual([]);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      where,
    ).toBe(0);
    expect(await smallTargets(page), where).toEqual([]);
  }
  await page.setViewportSize({ width: 360, height: 640 });
}

/** Controls smaller than a thumb; a radio button counts with the cell around it. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const controls = [...document.querySelectorAll('button, a, input, select, textarea, label')];
    return controls
      .filter((control) => control.matches('label') || !control.closest('label'))
      .filter((control) => control.matches('label') === false || control.querySelector('input'))
      .filter((control) => {
        const { width, height } = control.getBoundingClientRect();
        return width > 0 && height > 0 && Math.min(width, height) < least;
      })
      .map((control) => control.outerHTML.slice(0, 120));
  }, TOUCH);
}
