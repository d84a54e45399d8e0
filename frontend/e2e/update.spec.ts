/** A new version comes while 王芳 is in the middle of a form: the form keeps the code it began with, and nothing of it is lost. */

import { expect, test } from '@playwright/test';
import { type Portal, startPortal } from './portal';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

let server: TestServer;
let network: Portal;
let wang: Worker;
test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/door.md', '--program', 'rental');
  network = await startPortal(server.url);
  wang = await newWorker(network.url);
  await wang.enrol('wang', 'xunfang-2026');
});
test.afterAll(async () => {
  await wang?.dispose();
  network?.close();
  await server?.dispose();
});

test('a half-filled form outlives the update, before and after it is taken', async () => {
  test.setTimeout(180_000);
  const { page } = wang;
  await wang.workspace('housing');
  // From now on one worker has to give way to the next.
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await wang.startForm('e2e_door');
  await wang.answer('remark', '写到一半');
  await expect(page.getByTestId('draft-state')).toHaveText('草稿已存下');
  const loads = await page.evaluate(() => performance.timeOrigin);

  network.release = 'the next version';
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.update();
    while (!registration?.waiting) await new Promise((resolve) => setTimeout(resolve, 100));
  });
  await expect(page.getByTestId('update')).toBeHidden();
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(loads);
  await wang.answer('remark', '写到一半，又写一些');
  await expect(page.getByTestId('draft-state')).toHaveText('草稿已存下');

  await page.getByTestId('back').click();
  await page.screenshot({ path: 'test-results/update.png' });
  await page.getByTestId('update').click();
  await wang.unlock();
  expect(await page.evaluate(() => performance.timeOrigin)).not.toBe(loads);
  await wang.workspace('housing');
  await page.getByTestId('draft-item').first().click();
  const input = page.getByTestId('input-remark');
  await expect(page.getByTestId('form-progress')).toBeVisible();
  while (!(await input.isVisible())) await page.getByTestId('next').click();
  await expect(input).toHaveValue('写到一半，又写一些');
  await wang.finish();
  await wang.sendAll();
});
