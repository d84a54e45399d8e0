/** A photo taken where there is no signal reaches the desk, after the text and whatever happens in between. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { launchPhone, type Phone } from './browser';
import { cameraPhoto } from './pictures';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';

test.describe.configure({ mode: 'serial', timeout: 180_000 });

let server: TestServer;
let wang: Worker;
let desk: Phone;
let profile: string;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/door.md', '--program', 'rental');
  wang = await newWorker(server.url);
  await wang.enrol('wang', PASSWORD);
  await wang.workspace('housing');
  profile = await mkdtemp(join(tmpdir(), 'fieldapp-desk-'));
  desk = await launchPhone(profile, { width: 1280, height: 800, isMobile: false });
  const { page } = desk;
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill('zhao');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('login').click();
  await expect(page.getByTestId('logout')).toBeVisible();
});
test.afterAll(async () => {
  await desk?.close();
  await wang?.dispose();
  await server?.dispose();
  if (profile) await rm(profile, { recursive: true, force: true });
});

async function openVisit(): Promise<Page> {
  const { page } = desk;
  const path = `${server.url}/api/review/visits?form=e2e_door`;
  const { items } = await (await page.request.get(path)).json();
  await page.goto(`${server.url}/review/visits/${items[0].id}`);
  await expect(page.getByTestId('visit')).toBeVisible();
  return page;
}

async function inspect(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((it) => it.html)])).toEqual([]);
}

test('with no signal the visit is saved with its photo, and survives the battery', async () => {
  await wang.startForm('e2e_door');
  await wang.page.context().setOffline(true);
  const photo = await cameraPhoto(wang.page, 1600, 1200);
  const file = { name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: photo };
  await wang.page.getByTestId('photo-photo').setInputFiles(file);
  await expect(wang.page.getByTestId('question-photo').locator('img')).toBeVisible();
  await wang.answer('remark', '门牌已换新');
  await wang.finish();
  await wang.page.getByTestId('tab-outbox').click();
  await expect(wang.page.getByTestId('outbox-attached')).toHaveText('照片和附件 0/1，0%');
  await expect(wang.page.getByTestId('unsent')).toHaveText('1 份走访等待发送');
  await wang.page.screenshot({ path: 'test-results/photos-outbox-waiting.png' });
});

test('text first: the desk reads the visit while the photo is on its way', async () => {
  const { page } = wang;
  const context = page.context();
  await context.route('**/api/sync/blob', (route) => route.abort());
  await context.setOffline(false);
  await page.getByTestId('sync-now').click();
  await expect(page.getByTestId('unsent')).toHaveText('走访已发送，还有 1 个照片或附件没发完');
  await expect(page.getByTestId('outbox-attached')).toHaveText('照片和附件 0/1，0%');
  await page.screenshot({ path: 'test-results/photos-outbox-text-sent.png' });
  const shown = await openVisit();
  await expect(shown.getByText('还在填写人的手机上')).toBeVisible();
  await inspect(shown);
  await shown.screenshot({ path: 'test-results/photos-desk-coming.png' });
  await context.unroute('**/api/sync/blob');
});

test('after the battery it goes on by itself, and the desk sees the picture', async () => {
  await wang.battery();
  await wang.page.getByTestId('tab-outbox').click();
  await expect(wang.page.getByTestId('outbox-attached')).toHaveText('照片和附件已发送（1）', {
    timeout: 60_000,
  });
  await expect(wang.page.getByTestId('unsent')).toHaveText('已全部发送');
  await inspect(wang.page);
  await wang.page.screenshot({ path: 'test-results/photos-outbox-sent.png' });
  const shown = await openVisit();
  const picture = shown.locator('.file img');
  await expect(picture).toBeVisible();
  const width = await picture.evaluate((it: HTMLImageElement) =>
    it.decode().then(() => it.naturalWidth),
  );
  expect(width).toBeGreaterThan(400);
  await inspect(shown);
  await shown.screenshot({ path: 'test-results/photos-desk-here.png' });
});
