import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** The speed on a cheap phone: `make phone`. Measured on demand, not tested; see docs/performance.md. */
export default defineConfig(tests, {
  testDir: 'bench',
  testMatch: '**/*.bench.ts',
  // Measured alone, on servers that are filled otherwise.
  globalSetup: './e2e/unpack.ts',
  workers: 1,
});
