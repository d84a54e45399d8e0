/** Forms that others wrote: our own, and those of a folder made by scripts/corpus. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fate } from './oneForm';
import { Reader } from './reader';
import { again, empty, type Report, say } from './report';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OWN = 'fieldapp/programs';
const KINDS = new Set(['.xml', '.xls', '.xlsx', '.md']);
/** How many processes read forms at a time. */
const READERS = 2;
const BAD: ReadonlySet<Fate> = new Set(['disagreement', 'died']);

function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesIn(path) : [path];
    });
}

const isForm = (path: string): boolean =>
  KINDS.has(extname(path)) &&
  (extname(path) !== '.xml' || readFileSync(path, 'utf8').includes('<model'));

/** Every form, or those whose paths have one of some words. */
function chosen(folder: string | undefined, named: string | undefined): string[] {
  if (!folder) say('no CORPUS given: only the forms of this repository are compared');
  else if (!existsSync(folder)) throw new Error(`CORPUS=${folder} is not there`);
  const all = [join(ROOT, OWN), ...(folder ? [folder] : [])].flatMap(filesIn).filter(isForm);
  const words = (named ?? '').split(',').filter(Boolean);
  return words.length === 0 ? all : all.filter((path) => words.some((word) => path.includes(word)));
}

export async function readForms(
  seed: number,
  folder: string | undefined,
  named?: string,
): Promise<Report> {
  const report = empty();
  const fates = new Map<Fate, number>();
  const lines: string[] = [];
  const waiting = chosen(folder, named);
  const readOn = async (reader: Reader): Promise<void> => {
    for (let path = waiting.shift(); path; path = waiting.shift()) await read(reader, path);
    reader.end();
  };
  const read = async (reader: Reader, path: string): Promise<void> => {
    const { fate, why, rules } = await reader.read(path, seed);
    report.tried += 1;
    fates.set(fate, (fates.get(fate) ?? 0) + 1);
    if (BAD.has(fate)) report.disagreements.push(path);
    if (fate === 'explained') report.explained.push(rules);
    if (fate === 'died' || fate === 'slow') say(`${fate} ${why} ${again('form', path, seed)}`);
    lines.push([fate, relative(folder ?? ROOT, path), why || rules.join(' ')].join('\t'));
  };
  await Promise.all(Array.from({ length: READERS }, () => readOn(new Reader())));
  if (process.env.FORMS_REPORT)
    writeFileSync(process.env.FORMS_REPORT, `${lines.sort().join('\n')}\n`);
  say(`forms ${report.tried}: ${[...fates].map(([fate, n]) => `${fate} ${n}`).join(', ')}`);
  return report;
}
