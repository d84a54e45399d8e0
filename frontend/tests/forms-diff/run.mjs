// Runs a module of this folder in plain Node: `node run.mjs main.ts …`. Vite resolves what the app's sources import.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const here = new URL('.', import.meta.url);
const [entry = 'main.ts', ...args] = process.argv.slice(2);
const { module } = await runnerImport(fileURLToPath(new URL(entry, here)), {
  root: fileURLToPath(new URL('../..', here)),
  configFile: false,
  logLevel: 'error',
  resolve: { alias: { '@': fileURLToPath(new URL('../../src', here)) } },
});
process.exitCode = await module.main(args);
