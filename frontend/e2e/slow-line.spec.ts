/** 王芳 watches a photo creep out over a poor line: she sees how far it is, and a line that breaks takes nothing back. */

import { expect, test } from '@playwright/test';
import { type Line, startLine } from './line';
import { cameraPhoto } from './pictures';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const GOOD = { up: 50_000, down: 50_000, roundTrip: 2, loss: 0 };
const POOR = { up: 80, down: 320, roundTrip: 200, loss: 0.05 };

let server: TestServer;
let line: Line;
let wang: Worker;
test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/door.md', '--program', 'rental');
  line = await startLine(server.url, GOOD);
  wang = await newWorker(line.url);
  await wang.enrol('wang', 'xunfang-2026');
});
test.afterAll(async () => {
  await wang?.dispose();
  await line?.close();
  await server?.dispose();
});

test('how far a photo is stands on the screen, and never goes back', async () => {
  test.setTimeout(180_000);
  const { page } = wang;
  await wang.workspace('housing');
  await wang.startForm('e2e_door');
  line.conditions = POOR;
  await page.context().setOffline(true);
  const photo = await cameraPhoto(page, 1600, 1200);
  const file = { name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: photo };
  await page.getByTestId('photo-photo').setInputFiles(file);
  await expect(page.getByTestId('question-photo').locator('img')).toBeVisible();
  await wang.finish();
  await page.getByTestId('tab-outbox').click();
  // It begins by itself, and again by itself after the break.
  await page.context().setOffline(false);

  const seen: number[] = [];
  let broken = false;
  const attached = page.getByTestId('outbox-attached');
  const end = Date.now() + 120_000;
  for (let text = ''; !text.includes('已发送') && Date.now() < end; ) {
    text = (await attached.textContent()) ?? '';
    const percent = Number(/(\d+)%/.exec(text)?.[1] ?? 100);
    if (seen.at(-1) !== percent) seen.push(percent);
    if (!broken && percent > 30) {
      await expect(page.getByText('没有网络')).toBeHidden();
      await page.screenshot({ path: 'test-results/slow-line-outbox.png' });
      line.cut();
      broken = true;
    }
    await page.waitForTimeout(100);
  }
  expect(broken).toBe(true);
  expect(seen.length).toBeGreaterThan(3);
  expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  await expect(attached).toHaveText('照片和附件已发送（1）');
  await expect(page.getByTestId('unsent')).toHaveText('已全部发送');
});

test('storage that fails says what to do, and works again when it works', async () => {
  const { page } = wang;
  line.conditions = GOOD;
  await page.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    Object.assign(window, { mend: () => Object.assign(IDBObjectStore.prototype, { put }) });
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('Internal error', 'UnknownError');
    };
  });
  await page.getByTestId('sync-now').click();
  await expect(page.getByTestId('sync-error')).toContainText('请关掉应用再打开');
  await page.screenshot({ path: 'test-results/storage-broken-outbox.png' });
  await page.evaluate(() => (window as unknown as { mend(): void }).mend());
  await wang.sendAll();
});
