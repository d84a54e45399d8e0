// `make simulate`, `make mutants`: builds main.ts with the app's sources for plain Node, and runs it.
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { altered } from './altered.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = at(`../../node_modules/.cache/simulate/${process.pid}`);
await mkdir(out, { recursive: true });
await build({
  root: at('../..'),
  configFile: false,
  logLevel: 'error',
  plugins: [altered([])],
  resolve: { alias: { '@': at('../../src') } },
  build: {
    ssr: at('main.ts'),
    outDir: out,
    emptyOutDir: true,
    minify: false,
    copyPublicDir: false,
    rollupOptions: { output: { entryFileNames: 'main.mjs' } },
  },
});
process.env.PROJECT = at('../../..');
const { main } = await import(pathToFileURL(`${out}/main.mjs`).href);
process.exitCode = await main(at('run.mjs'));
await rm(out, { recursive: true, force: true });
