/** `make simulate`: histories one after the other, until they are through or something breaks. */
import { fork } from 'node:child_process';
import { Violation } from './checks';
import type { Kind } from './server';
import { type Ground, prepare } from './setup';
import { shrink } from './shrink';
import { type History, historyOf, type Theme } from './steps';
import { type Counts, World } from './world';

const KINDS: readonly Kind[] = ['sqlite', 'postgresql'];
const { HISTORIES = '200', STEPS = '40', SEED = '1', DB = '', REPLAY = '' } = process.env;
/** A fault planted on purpose, and the troubles that should show it. */
const { MUTANT = '', THEMES = '' } = process.env;
const MUST = THEMES.split(',').filter(Boolean) as Theme[];

/** What became of one history. digest: of all records' versions at its end; course: of all that the server was asked. */
interface Result {
  seed: number;
  digest: string;
  course: string;
  counts: Counts;
  broken: string | null;
  /** CPU seconds of phones and server. */
  cpu: number;
}
const NOTHING: Counts = { submissions: 0, conflicts: 0, repairs: 0, requests: 0 };

/** The exit code. */
export async function main(script: string): Promise<number> {
  const began = performance.now();
  if (REPLAY) return replay((DB as Kind) || 'sqlite');
  const runs = DB
    ? [await runAll(DB as Kind, seedsOf(Number(SEED), Number(HISTORIES)))]
    : await Promise.all(KINDS.map((kind) => elsewhere(script, kind)));
  return report(runs, (performance.now() - began) / 1000);
}

const seedsOf = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => first + i);

async function runAll(kind: Kind, seeds: readonly number[]): Promise<Result[]> {
  const ground = await prepare(kind, MUTANT);
  const results: Result[] = [];
  const began = await ground.server.ask<number>('cpu');
  for (const seed of seeds) {
    const history = historyOf(seed, Number(STEPS), MUST);
    const result = await attempt(ground, history);
    results.push(result);
    process.send?.(result);
    if (result.broken && MUTANT) break;
    if (result.broken) await explain(ground, history, result.broken);
    if (results.filter(({ broken }) => broken).length > 3) break;
  }
  const served = (await ground.server.ask<number>('cpu').catch(() => began)) - began;
  ground.server.end();
  const told = results.map((result) => ({ ...result, cpu: result.cpu + served / results.length }));
  // Whoever ends before so long a message has left takes it along.
  await new Promise<void>((sent) => {
    if (process.send) process.send({ told }, () => sent());
    else sent();
  });
  return told;
}

async function attempt(ground: Ground, history: History): Promise<Result> {
  const { seed } = history;
  const before = process.cpuUsage();
  const cpu = () => secondsOf(process.cpuUsage(before));
  try {
    const { counts, digest } = await inTime(World.run(ground, history));
    return { seed, digest, course: ground.server.course(), counts, broken: null, cpu: cpu() };
  } catch (error) {
    const told = error instanceof Violation ? error.message : `crash: ${(error as Error).stack}`;
    return { seed, digest: '', course: '', counts: NOTHING, broken: told, cpu: cpu() };
  }
}

const secondsOf = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;

/** What hangs is broken too; the server may still be at it, so nothing more is played. */
function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const tooLong = () => reject(new Violation('I9', `no end after ${PATIENCE / 1000} s`));
    const timer = setTimeout(tooLong, PATIENCE);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
const PATIENCE = 300_000;

/** PostgreSQL works nearly twice as long on a history; in two parts it ends when SQLite does. */
const PARTS: Record<Kind, number> = { sqlite: 1, postgresql: 2 };

/** Half of all histories, on a database of one kind, beside those on the other. */
async function elsewhere(script: string, kind: Kind): Promise<Result[]> {
  const half = Math.ceil(Number(HISTORIES) / KINDS.length);
  const size = Math.ceil(half / PARTS[kind]);
  const parts: Promise<Result[]>[] = [];
  for (let first = 0; first < half; first += size) {
    const count = Math.min(size, half - first);
    const chosen = { DB: kind, SEED: `${Number(SEED) + first}`, HISTORIES: `${count}` };
    parts.push(inProcess(script, chosen));
  }
  return (await Promise.all(parts)).flat();
}

function inProcess(script: string, chosen: Record<string, string>): Promise<Result[]> {
  const child = fork(script, { env: { ...process.env, ...chosen } });
  const results: Result[] = [];
  child.on('message', (message) => {
    if ('told' in (message as object)) results.push(...(message as { told: Result[] }).told);
  });
  return new Promise((resolve) => child.on('exit', () => resolve(results)));
}

/** Looks for the shortest history that breaks the same, and says how to see it again. */
async function explain(ground: Ground, history: History, broken: string): Promise<void> {
  const { kind } = ground.server;
  const name = broken.split(':')[0];
  const small = await shrink(history, async (shorter) =>
    ((await attempt(ground, shorter)).broken ?? '').startsWith(`${name}:`),
  );
  const kept = small.steps.map((step) => history.steps.indexOf(step));
  const told = (await attempt(ground, small)).broken ?? broken;
  const lines = small.steps.map((step, i) => `  ${i + 1}. ${JSON.stringify(step)}`);
  const again = `make simulate DB=${kind} REPLAY=${history.seed}/${history.steps.length}/${kept.join('.')}`;
  say(
    `seed ${history.seed} on ${kind}: ${told}`,
    ...lines,
    `  phones: ${small.phones}`,
    `  ${again}`,
  );
}

/** One history, step by step. REPLAY: seed/steps/those of them that are taken. */
async function replay(kind: Kind): Promise<number> {
  const [seed, length, kept] = REPLAY.split('/');
  const whole = historyOf(Number(seed), Number(length));
  const steps = kept ? kept.split('.').map((i) => whole.steps[Number(i)]) : whole.steps;
  process.env.TRACE = '1';
  const ground = await prepare(kind);
  const result = await attempt(ground, { ...whole, steps: steps as History['steps'] });
  ground.server.end();
  say(result.broken ?? 'nothing broke');
  return result.broken ? 1 : 0;
}

/** Of the histories of both databases so many must have been the same to be compared. */
const LEAST_SAME = 0.7;

function pairsOf([first = [], second = []]: readonly Result[][]): [Result, Result][] {
  const bySeed = new Map(second.map((result) => [result.seed, result]));
  return first.flatMap((one): [Result, Result][] => {
    const other = bySeed.get(one.seed);
    return other && !one.broken && !other.broken ? [[one, other]] : [];
  });
}

function report(runs: readonly Result[][], seconds: number): number {
  const all = runs.flat();
  const broken = all.filter((result) => result.broken).length;
  const pairs = pairsOf(runs);
  // When a battery goes out between two of a phone's own workers, chance decides which was first: that is another history.
  const same = pairs.filter(([one, other]) => one.course === other.course);
  const differing = same.map(([one]) => one).filter((one, i) => one.digest !== same[i]?.[1].digest);
  for (const { seed } of differing) say(`seed ${seed}: other versions on the other database`);
  const sum = (key: keyof Counts) => all.reduce((total, { counts }) => total + counts[key], 0);
  const costs = runs.map((run) => mean(run.map(({ cpu }) => cpu)).toFixed(3));
  const missing = all.length < Number(HISTORIES) || same.length < pairs.length * LEAST_SAME;
  if (process.send) return broken ? 1 : 0; // the other database's; the parent tells of both
  say(
    `histories=${all.length} submissions=${sum('submissions')} conflicts=${sum('conflicts')} ` +
      `requests=${sum('requests')} compared=${same.length} differing=${differing.length} violations=${broken} ` +
      `repairs=${sum('repairs')} cpu_per_history=${costs.join()} seconds=${seconds.toFixed(1)}`,
  );
  return broken || differing.length || missing ? 1 : 0;
}

const mean = (numbers: readonly number[]) =>
  numbers.reduce((total, number) => total + number, 0) / (numbers.length || 1);

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
