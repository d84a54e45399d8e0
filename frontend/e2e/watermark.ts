/** Whose name lies over a page, or over the dialog that is open on it; `none` where nobody reads. */
import type { Page } from '@playwright/test';

export function watermarkOf(page: Page, over: 'body' | 'dialog[open]' = 'body'): Promise<string> {
  return page.evaluate((selector) => {
    const { content, backgroundImage } = getComputedStyle(
      document.querySelector(selector) as Element,
      '::after',
    );
    return content === 'none' ? content : decodeURIComponent(backgroundImage);
  }, over);
}
