// @vitest-environment node
/** What a form costs on the way to a phone: the runtime once, and the largest packaged form. */
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';
import { expect, it } from 'vitest';
import { form } from './contract';

const KB = 1000;

function packed(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

it('the form runtime is at most 25 kB on the wire', async () => {
  const entry = new URL('../../src/forms/session.ts', import.meta.url).pathname;
  const lib = { entry, formats: ['es' as const], fileName: 'runtime' };
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: true, lib },
  });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rollup.RollupOutput;
  const code = output.map((file) => (file.type === 'chunk' ? file.code : '')).join('');
  expect(packed(code)).toBeLessThanOrEqual(25 * KB);
}, 60_000);

it('the pregnancy form is at most 12 kB on the wire', () => {
  expect(packed(JSON.stringify(form('preg_followup')))).toBeLessThanOrEqual(12 * KB);
});
