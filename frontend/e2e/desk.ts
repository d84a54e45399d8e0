/** A browser at the review desk of a server of its own, for the pictures of its screens. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { launchPhone } from './browser';
import { startServer, type TestServer } from './server';

export const PASSWORD = 'xunfang-2026';

const WIDE = { width: 1280, height: 800 };

/** Width, height, and what the picture's name ends in. */
export type Size = readonly [number, number, string];

export interface Desk {
  server: TestServer;
  page: Page;
  logIn(username: string): Promise<void>;
  /** The whole screen in these sizes, into the folder SHOTS, if there is one. */
  looks(name: string, sizes: readonly Size[]): Promise<void>;
  dispose(): Promise<void>;
}

/** Who comes first makes the district: give it minutes. */
export async function openDesk(): Promise<Desk> {
  const server = await startServer();
  const profile = await mkdtemp(join(tmpdir(), 'fieldapp-desk-'));
  const browser = await launchPhone(profile, { ...WIDE, isMobile: false, hasTouch: false });
  const { page } = browser;
  return {
    server,
    page,
    async logIn(username) {
      await browser.context.clearCookies();
      await page.goto(`${server.url}/review`);
      await page.getByTestId('username').fill(username);
      await page.getByTestId('password').fill(PASSWORD);
      await page.getByTestId('login').click();
      await expect(page.getByTestId('logout')).toBeVisible();
    },
    async looks(name, sizes) {
      if (!process.env.SHOTS) return;
      for (const [width, height, suffix] of sizes) {
        await page.setViewportSize({ width, height });
        await page.screenshot({
          path: `${process.env.SHOTS}/${name}${suffix}.png`,
          fullPage: true,
        });
      }
      await page.setViewportSize(WIDE);
    },
    async dispose() {
      await browser.close();
      await server.dispose();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
