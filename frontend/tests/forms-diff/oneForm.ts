/** One form that others wrote: what came of filling it in, three times at random. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { UnopenedError } from './odk';
import { Chance } from './random';
import { again, say } from './report';
import { shrunk, walkForm } from './sequences';
import type { Server } from './server';
import type { Walked } from './walk';

const WALKS = 3;

/**
 * `refused`: we don't publish it; `closed`: ODK's engine doesn't open it; `slow` and `died`: the process that read it
 * took too long or ended.
 */
export type Fate = 'agreed' | 'explained' | 'refused' | 'closed' | 'slow' | 'died' | 'disagreement';

export interface Told {
  fate: Fate;
  why: string;
  /** The rules that excuse what they disagree about. */
  rules: string[];
}

const told = (fate: Fate, why = '', rules: string[] = []): Told => ({ fate, why, rules });

/** The XForm of a file, or why there is none. */
async function xformOf(
  server: Server,
  path: string,
): Promise<{ xform: string } | { refused: string[] }> {
  return extname(path) === '.xml' ? { xform: readFileSync(path, 'utf8') } : server.xform(path);
}

export async function readForm(server: Server, path: string, seed: number): Promise<Told> {
  const source = await xformOf(server, path);
  if ('refused' in source) return told('refused', source.refused.join(' | '));
  const ready = await server.compile(source.xform);
  if ('refused' in ready) return told('refused', ready.refused.join(' | '));
  const rules = new Set<string>();
  for (let walk = 0; walk < WALKS; walk += 1) {
    let walked: Walked;
    try {
      walked = await walkForm(server, source.xform, ready, new Chance(seed + walk));
    } catch (error) {
      const why = String(error).split('\n')[0] as string;
      if (error instanceof UnopenedError) return told('closed', why);
      say(`DISAGREEMENT ${path} ${why}\n  ${again('form', path, seed + walk)}`);
      return told('disagreement', why);
    }
    if (!walked.rules) {
      const why = JSON.stringify(walked.partings[0]);
      say(`DISAGREEMENT ${path} ${why}`);
      say(`  steps ${JSON.stringify(await shrunk(server, source.xform, ready, walked))}`);
      say(`  ${again('form', path, seed + walk)}`);
      return told('disagreement', why);
    }
    for (const rule of walked.rules) rules.add(rule);
  }
  return rules.size === 0 ? told('agreed') : told('explained', '', [...rules]);
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
