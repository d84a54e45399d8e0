/** What opens 王芳's phone beside her PIN, and what ten wrong ones leave of it. LOOK: a folder for pictures. */

import { expect, type Page, test } from '@playwright/test';
import { consent } from './answers';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
const MINUTES = 60_000;

test.setTimeout(300_000);

let server: TestServer;
let wang: Worker;

test.beforeEach(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  // An authenticator is asked for a name, never for an address.
  wang = await newWorker(server.url.replace('127.0.0.1', 'localhost'));
});
test.afterEach(async () => {
  await wang?.dispose();
  await server?.dispose();
});

async function look(page: Page, name: string): Promise<void> {
  const folder = process.env.LOOK;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
}

/** A phone with a fingerprint that is always hers. */
async function withFingerprint(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: true,
    },
  });
}

test('her fingerprint opens the phone, and so does her PIN', async () => {
  const { page } = wang;
  await withFingerprint(page);
  await wang.enrol('wang', PASSWORD);
  await page.getByTestId('tab-me').click();
  await page.getByTestId('device').click();
  await look(page, 'device-asks');
  await page.getByTestId('pin').fill('739165');
  await page.getByTestId('device-on').click();
  await expect(page.getByTestId('device-error')).toBeVisible();
  await page.getByTestId('pin').fill('739164');
  await page.getByTestId('device-on').click();
  await expect(page.getByTestId('pin')).toBeHidden();
  await expect(page.getByTestId('device')).toHaveAttribute('aria-checked', 'true');
  await look(page, 'device-on');

  await page.reload();
  await look(page, 'device-locked');
  await page.getByTestId('by-device').click();
  await expect(page.getByTestId('pin')).toBeHidden();
  await expect(page.getByTestId('tab-today')).toBeVisible();
  await page.reload();
  await wang.unlock();

  await page.getByTestId('tab-me').click();
  await page.getByTestId('device').click();
  await expect(page.getByTestId('device')).toHaveAttribute('aria-checked', 'false');
  await page.reload();
  await expect(page.getByTestId('pin')).toBeVisible();
  await expect(page.getByTestId('by-device')).toBeHidden();
});

test('ten wrong PINs leave nothing to read, and her visit goes up all the same', async () => {
  const { page } = wang;
  await wang.enrol('wang', PASSWORD);
  await server.stop();
  await wang.startForm('consent_record');
  await wang.fill(consent('张小梅', '13800001111'));
  await wang.finish();
  const began = Date.now();
  await page.clock.setFixedTime(began);
  await page.reload();
  for (let wrong = 1; wrong <= 10; wrong += 1) {
    await page.clock.setFixedTime(new Date(began + wrong * 20 * MINUTES));
    await page.getByTestId('pin').fill(`73916${wrong % 4}`);
    await page.getByTestId('pin').press('Enter');
    if (wrong < 10) await expect(page.getByTestId('pin')).toHaveValue('');
    if (wrong === 8) await look(page, 'pin-warning');
  }
  await expect(page.getByTestId('login-user')).toBeVisible();
  await look(page, 'pin-ended');
  await server.start();
  await wang.enrol('wang', PASSWORD);
  await wang.sendAll();
  await wang.openRecord('张小梅');
});
