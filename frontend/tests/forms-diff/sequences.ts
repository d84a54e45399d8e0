/** Generated forms, filled in step by step in all three. */
import { excuseFor } from './excuses';
import type { Step } from './filling';
import { invent } from './invent';
import { Chance } from './random';
import { again, empty, type Report, say } from './report';
import type { Compiled, Server } from './server';
import { drawStep, open, type Walked, walk } from './walk';

const MOST_STEPS = 14;
const MOST_SHRUNK = 10;

type Ready = Extract<Compiled, { form: number }>;

/** Open a form and fill it in at random. Throws UnopenedError if ODK's engine can't open it. */
export async function walkForm(
  server: Server,
  xform: string,
  ready: Ready,
  chance: Chance,
): Promise<Walked> {
  const trio = await open(server, xform, ready);
  return walk(trio, excuseFor(ready.definition, xform), (at) =>
    at < MOST_STEPS ? drawStep(chance, trio) : null,
  );
}

/** Fewer steps that end in the same disagreement. */
export async function shrunk(
  server: Server,
  xform: string,
  ready: Ready,
  { steps, partings }: Walked,
): Promise<Step[]> {
  const [first] = partings;
  let kept = steps;
  for (let i = kept.length - 1; i >= 0; i -= 1) {
    const fewer = kept.filter((_, at) => at !== i);
    const tried = await walk(
      await open(server, xform, ready),
      excuseFor(ready.definition, xform),
      (at) => fewer[at],
    );
    const [found] = tried.rules ? [] : tried.partings;
    if (found?.what === first?.what && found?.path === first?.path) kept = fewer;
  }
  return kept;
}

export async function readSequences(server: Server, seed: number, wanted: number): Promise<Report> {
  const report = empty();
  while (report.tried < wanted) {
    await readOne(server, seed + report.tried, report);
    report.tried += 1;
    if (report.tried % 250 === 0)
      say(`sequences ${report.tried}: ${report.disagreements.length} disagreements`);
  }
  return report;
}

async function readOne(server: Server, seed: number, report: Report): Promise<void> {
  const chance = new Chance(seed);
  const { xform } = invent(chance);
  const ready = await server.compile(xform);
  if ('refused' in ready) {
    report.disagreements.push(`sequence ${seed}`);
    say(`DISAGREEMENT refused: ${ready.refused.join('; ')}\n  ${again('sequence', seed)}`);
    return;
  }
  const walked = await walkForm(server, xform, ready, chance);
  if (walked.partings.length === 0) return;
  if (walked.rules) {
    report.explained.push(walked.rules);
    return;
  }
  report.disagreements.push(`sequence ${seed}`);
  say(`DISAGREEMENT ${JSON.stringify(walked.partings[0])}`);
  if (report.disagreements.length <= MOST_SHRUNK)
    say(`  steps ${JSON.stringify(await shrunk(server, xform, ready, walked))}`);
  say(`  ${again('sequence', seed)}`);
}

/** Show one sequence in full. */
export async function tellSequence(server: Server, seed: number): Promise<number> {
  const chance = new Chance(seed);
  const { xform } = invent(chance);
  say(xform);
  const ready = await server.compile(xform);
  if ('refused' in ready) {
    say(ready.refused.join('\n'));
    return 1;
  }
  const walked = await walkForm(server, xform, ready, chance);
  for (const step of walked.steps) say(JSON.stringify(step));
  for (const parting of walked.partings) say(JSON.stringify(parting));
  if (walked.partings.length > 0)
    say(`shrunk ${JSON.stringify(await shrunk(server, xform, ready, walked))}`);
  say(`rules ${JSON.stringify(walked.rules)}`);
  return walked.rules ? 0 : 1;
}
