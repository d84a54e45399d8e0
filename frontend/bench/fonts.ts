/**
 * One Chinese font in two weights, as a phone has it. The browser tests' comes in a hundred pieces, for each of which
 * Chromium asks another of its processes while it lays out a text: half the time of opening a form.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import decompress from 'woff2-encoder/decompress';
import { fontConfiguration } from '../e2e/browser';

const FILES = fileURLToPath(
  new URL('./node_modules/@fontsource/noto-sans-sc/files', import.meta.url),
);
const WANTED = /^noto-sans-sc-(latin|chinese-simplified)-(400|700)-normal\.woff2$/;

/** Puts them into `folder`, made if need be, for `launchPhone`. */
export async function fontsInto(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of (await readdir(FILES)).filter((it) => WANTED.test(it))) {
    const compressed = await readFile(join(FILES, name));
    await writeFile(join(folder, name.replace('.woff2', '.ttf')), await decompress(compressed));
  }
  await writeFile(join(folder, 'fonts.conf'), fontConfiguration(folder));
  return folder;
}
