/** Where the manual's pictures go, and how one is taken: still, of what the screen shows, small enough for a repository. */

import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, type Page } from '@playwright/test';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** A picture in the repository takes at most so many bytes. */
const LARGEST = 150_000;

interface Frame {
  /** Two pixels for each of the page's, as on a phone. */
  sharp?: boolean;
  /** How much of it from above, CSS pixels; all if not given. */
  height?: number;
}

/** A picture of what is on screen. */
export async function shot(
  page: Page,
  name: string,
  { sharp = true, height }: Frame = {},
): Promise<void> {
  const size = page.viewportSize();
  await page.mouse.move(0, 0);
  await expect(page.getByText('正在存草稿…')).toHaveCount(0);
  // The people are made up, and the reader's name over them takes more bytes than all the rest.
  await page.evaluate(() => document.documentElement.classList.remove('marked'));
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}${name}.png`;
  await page.screenshot({
    path,
    scale: sharp ? 'device' : 'css',
    animations: 'disabled',
    caret: 'hide',
    ...(size && height ? { clip: { x: 0, y: 0, width: size.width, height } } : {}),
  });
  expect((await stat(path)).size, name).toBeLessThanOrEqual(LARGEST);
}

/** Brings an element under the header, as a thumb would. */
export async function scrollTo(page: Page, name: string): Promise<void> {
  await page
    .getByTestId(name)
    .first()
    .evaluate((element) => {
      window.scrollTo({ top: element.getBoundingClientRect().top + window.scrollY - 104 });
    });
}
