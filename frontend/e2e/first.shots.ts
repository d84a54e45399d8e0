/** A first password: given at the desk, replaced on the phone. SHOTS: a folder for pictures, to be looked at. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, selectors, test } from '@playwright/test';
import { launchPhone } from './browser';
import { startServer } from './server';

selectors.setTestIdAttribute('data-test');

test.describe.configure({ timeout: 300_000 });

test('a first password is replaced before anything opens', async () => {
  const server = await startServer();
  const profile = await mkdtemp(join(tmpdir(), 'fieldapp-first-'));
  const { page, close } = await launchPhone(profile);
  const shot = (name: string) =>
    process.env.SHOTS ? page.screenshot({ path: `${process.env.SHOTS}/${name}.png` }) : undefined;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${server.url}/review`);
  await page.getByTestId('username').fill('admin');
  await page.getByTestId('password').fill('xunfang-2026');
  await page.getByTestId('login').click();
  await page.getByTestId('new-user').click();
  await page.getByTestId('user-username').fill('hao');
  await page.getByTestId('user-name').fill('郝静');
  await page.getByTestId('make-password').click();
  const given = await page.getByTestId('user-password').inputValue();
  await page.locator('[data-test^="grant-"][data-test$="-housing"]').nth(2).check();
  await shot('first-account');
  await page.getByTestId('save-user').click();
  await page.locator('[data-test=user-row][data-user=hao]').waitFor();
  await page.getByTestId('tab-review-log').click();
  await page.getByTestId('log-scope-server').click();
  await expect(page.getByTestId('log-line').first()).toContainText('郝静');
  await shot('log-server');
  await page.getByTestId('logout').click();
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(server.url);
  await page.getByTestId('login-user').fill('hao');
  await page.getByTestId('login-pass').fill(given);
  await page.getByTestId('login-submit').click();
  await page.getByTestId('first-new').fill('liulin2026');
  await page.getByTestId('first-again').fill('liulin2026');
  await page.getByTestId('first-save').click();
  await expect(page.getByTestId('first-said')).toBeVisible();
  await shot('first-phone');
  await page.getByTestId('first-new').fill('铁锅 周三 蓝布');
  await page.getByTestId('first-again').fill('铁锅 周三 蓝布');
  await page.getByTestId('first-save').click();
  await page.getByTestId('pin').first().waitFor();
  await shot('first-pin');
  await close();
  await server.dispose();
  await rm(profile, { recursive: true, force: true });
});
