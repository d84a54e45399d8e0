import { defineConfig } from '@playwright/test';

/** Stories of a whole day, in a real Chromium against a real server. See e2e/browser.ts. */
export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/unpack.ts',
  outputDir: 'test-results',
  // One browser at a time: a small machine has two cores.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: { testIdAttribute: 'data-test' },
  reporter: [['list']],
});
