import { chromiumPath } from './browser';

/** Unpacks Chromium once, before the tests start. */
export default async function unpack(): Promise<void> {
  await chromiumPath();
}
