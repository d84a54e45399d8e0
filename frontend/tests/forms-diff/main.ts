/**
 * The proof that our two evaluators mean what ODK's engine means: `make forms-diff`.
 *
 *   main.ts                        expressions, sequences and forms, as many as the environment says
 *   main.ts expression 'XPATH'     one expression
 *   main.ts sequence SEED          one generated form, filled in at random
 *   main.ts form FILE SEED         one form of the corpus
 */

import { readForms } from './corpus';
import { readExpressions } from './expressions';
import { tellForm } from './oneForm';
import { type Count, count, type Report, say } from './report';
import { readSequences, tellSequence } from './sequences';
import { Server } from './server';
import { tryAll } from './trial';

export async function main(args: string[]): Promise<number> {
  const server = new Server();
  try {
    return await (args.length > 0 ? one(server, args) : all(server));
  } finally {
    server.end();
  }
}

async function one(
  server: Server,
  [what = '', subject = '', seed = '1']: string[],
): Promise<number> {
  if (what === 'expression') {
    say(
      JSON.stringify((await tryAll(server, [{ place: 'calculate', xpath: subject }]))[0], null, 2),
    );
    return 0;
  }
  if (what === 'sequence') return tellSequence(server, Number(subject));
  if (what === 'form') return tellForm(server, subject, Number(seed));
  say('expression XPATH, sequence SEED or form FILE SEED');
  return 2;
}

const setting = (name: string, usual: number): number => Number(process.env[name] || usual);

async function all(server: Server): Promise<number> {
  const seed = setting('SEED', 20261102);
  // Forms are read in processes of their own, beside the rest.
  const forms = readForms(seed, process.env.CORPUS, process.env.FORM);
  const reports: Record<string, Report> = {
    expressions: await readExpressions(server, seed, setting('EXPRESSIONS', 20_000)),
    sequences: await readSequences(server, seed, setting('SEQUENCES', 2_000)),
    forms: await forms,
  };
  const totals = count(Object.values(reports));
  for (const [rule, times] of totals.rules) say(`explained ${rule}: ${times}`);
  say(`seed=${seed} seconds=${Math.round(performance.now() / 1000)}`);
  say(lastLine(reports, totals));
  return totals.disagreements > 0 ? 1 : 0;
}

function lastLine(reports: Record<string, Report>, { disagreements, explained }: Count): string {
  const tried = ['forms', 'expressions', 'sequences'].map(
    (name) => `${name}=${reports[name]?.tried ?? 0}`,
  );
  return [...tried, `disagreements=${disagreements}`, `explained=${explained}`].join(' ');
}
