import { defineConfig, mergeConfig } from 'vitest/config';
import viteConfig from './vite.config';

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      // Component tests ask for a document with `// @vitest-environment happy-dom`.
      environment: 'node',
      include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
      exclude: ['e2e/**', 'node_modules/**'],
      restoreMocks: true,
      // What hangs ends; how fast something is, a shared machine can't tell.
      testTimeout: 30_000,
      // As many files at once as there are cores; by itself vitest leaves one idle, of two.
      maxWorkers: '100%',
      // Vant's modules import their styles, which Node can't.
      server: { deps: { inline: ['vant'] } },
      coverage: {
        provider: 'v8',
        include: ['src/**/*.{ts,vue}'],
        exclude: ['src/**/*.test.ts', 'src/**/*.d.ts'],
        reporter: ['text', 'html'],
      },
    },
  }),
);
