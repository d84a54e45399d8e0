/** What the phone loads before it shows anything stays small, whoever adds to it. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';

const APP = new URL('../../fieldapp/static/app/', import.meta.url);
const KB = 1000;

const read = (path: string) => readFile(fileURLToPath(new URL(path, APP)), 'utf8');

/** Scripts that a script imports before it can run, itself among them, by path. */
async function withImports(path: string, found = new Map<string, string>()) {
  if (found.has(path)) return found;
  const text = await read(path);
  found.set(path, text);
  for (const [, name] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
    await withImports(`assets/${name}`, found);
  }
  return found;
}

async function initial(kind: 'js' | 'css'): Promise<number> {
  const page = await read('index.html');
  const named = [...page.matchAll(/(?:src|href)="\/(assets\/[\w.-]+)"/g)].map(
    ([, path = '']) => path,
  );
  const files = new Map<string, string>();
  for (const path of named.filter((it) => it.endsWith(`.${kind}`))) await withImports(path, files);
  expect(files.size).toBeGreaterThan(0);
  return [...files.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
}

test('the field app begins with at most 150 kB of scripts', async () => {
  expect(await initial('js')).toBeLessThanOrEqual(150 * KB);
});

test('and with at most 30 kB of styles', async () => {
  expect(await initial('css')).toBeLessThanOrEqual(30 * KB);
});
