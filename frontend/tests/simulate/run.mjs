// `make simulate`, `make mutants`: builds main.ts with the app's sources for plain Node, and runs it.
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { altered, changesOf } from './altered.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
process.env.PROJECT = at('../../..');
const out = process.env.BUILT ?? at(`../../node_modules/.cache/simulate/${process.pid}`);
const isMine = !process.env.BUILT;
if (isMine) await built();
const { main } = await import(pathToFileURL(`${out}/main.mjs`).href);
const code = await main(at('run.mjs'));
if (isMine) await rm(out, { recursive: true, force: true });
// A history that hung may still be waiting.
process.exit(code);

async function built() {
  await mkdir(out, { recursive: true });
  await build({
    root: at('../..'),
    configFile: false,
    logLevel: 'error',
    plugins: [altered(await changesOf(process.env.MUTANT))],
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
  process.env.BUILT = out; // for the processes that main starts
}
