import { readFile } from 'node:fs/promises';

// The app's sources as histories need them: smaller numbers, so that short histories meet what long lives do. What is to
// be altered must be there, or the build fails.
const SMALLER = [
  ['sync/verify.ts', 'const SAMPLE = 24;', 'const SAMPLE = 2;'],
  ['sync/verify.ts', 'const CHUNK = 200;', 'const CHUNK = 3;'],
  ['sync/verify.ts', 'const KEPT = 30;', 'const KEPT = 2;'],
  ['sync/push.ts', 'const START = 40 * 1024;', 'const START = 2500;'],
  ['sync/pull.ts', 'const BUDGET = 512 * 1024;', 'const BUDGET = 600;'],
  ['sync/pull.ts', 'const LARGEST = 1024 * 1024;', 'const LARGEST = 600;'],
  ['sync/pull.ts', 'const FETCHED = 100;', 'const FETCHED = 3;'],
  ['store/transfer.ts', 'chunk = 16 * 1024;', 'chunk = 4 * 1024;'],
  // Stretching a PIN takes long on purpose, and phones are switched on thousands of times.
  ['crypto/vault.ts', 'memory: 19 * 1024, passes: 2', 'memory: 8, passes: 1'],
  // Nobody types in search boxes here.
  ['client.ts', 'void this.prepareSearch(opened);', ''],
];

/** A plugin for Vite. changes: [file below src, text, what stands there instead]. */
export function altered(changes) {
  const done = new Set();
  return {
    name: 'altered',
    enforce: 'pre',
    transform(code, id) {
      let text = code;
      for (const change of [...SMALLER, ...changes]) {
        const [file, from, to] = change;
        if (!id.endsWith(`/src/${file}`) || !text.includes(from)) continue;
        text = text.replace(from, () => to);
        done.add(change);
      }
      return text === code ? null : { code: text, map: null };
    },
    buildEnd() {
      for (const change of [...SMALLER, ...changes])
        if (!done.has(change)) this.error(`${change[0]} has no “${change[1]}”`);
    },
  };
}

/** The app's part of a fault of `make mutants`, as changes. */
export async function changesOf(mutant) {
  if (!mutant) return [];
  const list = new URL('../../../tests/simulation/mutants.json', import.meta.url);
  const { changes } = JSON.parse(await readFile(list, 'utf8')).find(({ name }) => name === mutant);
  return changes
    .filter(([file]) => file.startsWith('frontend/src/'))
    .map(([file, ...texts]) => [file.slice('frontend/src/'.length), ...texts]);
}
