import { defineConfig } from '@playwright/test';
import tests from './playwright.config';

/** The pictures of the manual: e2e/*.shots.ts. They are taken on demand, not tested. */
export default defineConfig(tests, { testMatch: '**/*.shots.ts', workers: 1 });
