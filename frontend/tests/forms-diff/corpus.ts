/** Forms that others wrote: our own, and those of a folder made by scripts/corpus. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Chance } from './random';
import { again, empty, type Report, say } from './report';
import { shrunk, type Walked, walkForm } from './sequences';
import type { Server } from './server';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OWN = 'fieldapp/programs';
const KINDS = new Set(['.xml', '.xls', '.xlsx', '.md']);
const WALKS = 3;

type Fate = 'agreed' | 'explained' | 'refused' | 'closed' | 'disagreement';

interface Told {
  fate: Fate;
  why: string;
}

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

export async function readForms(
  server: Server,
  seed: number,
  folder: string | undefined,
): Promise<Report> {
  const report = empty();
  if (!folder) say('no CORPUS given: only the forms of this repository are compared');
  else if (!existsSync(folder)) throw new Error(`CORPUS=${folder} is not there`);
  const fates = new Map<Fate, number>();
  const lines: string[] = [];
  for (const top of [join(ROOT, OWN), ...(folder ? [folder] : [])]) {
    for (const path of filesIn(top).filter(isForm)) {
      const { fate, why } = await readForm(server, path, seed, report);
      report.tried += 1;
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
      lines.push([fate, relative(top, path), why].join('\t'));
    }
  }
  if (process.env.FORMS_REPORT) writeFileSync(process.env.FORMS_REPORT, `${lines.join('\n')}\n`);
  say(`forms ${report.tried}: ${[...fates].map(([fate, n]) => `${fate} ${n}`).join(', ')}`);
  return report;
}

/** The XForm of a file, or why there is none. */
async function xformOf(
  server: Server,
  path: string,
): Promise<{ xform: string } | { refused: string[] }> {
  return extname(path) === '.xml' ? { xform: readFileSync(path, 'utf8') } : server.xform(path);
}

async function readForm(server: Server, path: string, seed: number, report: Report): Promise<Told> {
  const source = await xformOf(server, path);
  if ('refused' in source) return { fate: 'refused', why: source.refused.join(' | ') };
  const ready = await server.compile(source.xform);
  if ('refused' in ready) return { fate: 'refused', why: ready.refused.join(' | ') };
  const rules = new Set<string>();
  for (let walk = 0; walk < WALKS; walk += 1) {
    let walked: Walked;
    try {
      walked = await walkForm(server, source.xform, ready, new Chance(seed + walk));
    } catch (error) {
      return { fate: 'closed', why: String(error).split('\n')[0] as string };
    }
    if (walked.partings.length === 0) continue;
    if (!walked.rules) {
      const steps = await shrunk(server, source.xform, ready, walked);
      report.disagreements.push(path);
      say(`DISAGREEMENT ${path} ${JSON.stringify(walked.partings[0])}`);
      say(`  steps ${JSON.stringify(steps)}\n  ${again('form', path, seed + walk)}`);
      return { fate: 'disagreement', why: JSON.stringify(walked.partings[0]) };
    }
    for (const rule of walked.rules) rules.add(rule);
  }
  if (rules.size === 0) return { fate: 'agreed', why: '' };
  report.explained.push([...rules]);
  return { fate: 'explained', why: [...rules].join(' ') };
}

/** Show one form's walk in full. */
export async function tellForm(server: Server, path: string, seed: number): Promise<number> {
  const source = await xformOf(server, path);
  const ready = 'xform' in source ? await server.compile(source.xform) : source;
  if ('refused' in source || 'refused' in ready) {
    say('refused' in ready ? ready.refused.join('\n') : '');
    return 1;
  }
  const walked = await walkForm(server, source.xform, ready, new Chance(seed));
  for (const step of walked.steps) say(JSON.stringify(step));
  for (const parting of walked.partings) say(JSON.stringify(parting));
  say(`rules ${JSON.stringify(walked.rules)}`);
  return walked.rules ? 0 : 1;
}
