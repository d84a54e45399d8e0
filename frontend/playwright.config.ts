import { defineConfig } from '@playwright/test';

/** Stories of a whole day, in a real Chromium against a real server. See e2e/browser.ts. */
export default defineConfig({
  testDir: 'e2e',
  globalSetup: ['./e2e/unpack.ts', './e2e/district.ts'],
  outputDir: 'test-results',
  // A browser waits for its server much of the time: two at a time suit a machine with two cores.
  workers: 2,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: { testIdAttribute: 'data-test' },
  reporter: [['list']],
});
