/**
 * Every IndexedDB request and every commit of every operation fails in turn, with and without the battery ending there.
 * Whatever failed says so in words that help, can be done again, and nothing is lost, doubled or stuck.
 * SHARE=1: all, as `make storage-faults` does; otherwise every 32nd. ONLY="operation/fault/k": that one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import en from '@/i18n/field.en';
import zh from '@/i18n/field.zh';
import { ClientError } from '@/protocol/types';
import { noSignal, PIN, type TestPhone } from '../real-server/phone';
import { copy } from './disk';
import { FAULTS, type Fault, Trouble } from './faults';
import { NEW_PIN, OPERATIONS, type Operation, type Trial } from './operations';
import { again, World } from './world';

const SHARE = Number(process.env.SHARE ?? 32);
const ONLY = process.env.ONLY?.split('/');
const FIGURES = 'test-results/storage-faults.txt';
const ended = { operations: 0, faults: 0, lost: 0, doubled: 0, stuck: 0, silent: 0 };

vi.setConfig({ testTimeout: 1_800_000 });

let world: World;
beforeAll(async () => {
  world = await World.begin();
});
beforeEach(stretchShortly);
afterAll(() => world.server.stop());
/** After each, so that a run that is broken off has said something too. */
afterEach(() => {
  ended.operations += 1;
  mkdirSync('test-results', { recursive: true });
  const figures = Object.entries(ended).map(([name, n]) => `${name}=${n}`);
  writeFileSync(FIGURES, `${figures.join(' ')}\n`);
});

/** Phones are opened by the thousand here; how long a PIN is stretched is not what is tested. */
function stretchShortly(): void {
  const { deriveKey } = crypto.subtle;
  vi.spyOn(crypto.subtle, 'deriveKey').mockImplementation((how, ...rest) =>
    deriveKey.call(crypto.subtle, { ...(how as Pbkdf2Params), iterations: 1 }, ...rest),
  );
}

test.each(OPERATIONS.map((it) => [it.name, it] as const))('%s', async (_name, operation) => {
  if (ONLY && ONLY[0] !== operation.name) return;
  const scene = await operation.scene(world);
  scene.off();
  const found: string[] = [];
  for (const fault of FAULTS) {
    if (ONLY && ONLY[1] !== fault) continue;
    const first = ONLY ? Number(ONLY[2]) : 1 + (FAULTS.indexOf(fault) % SHARE);
    for (let at = first; ; at += SHARE) {
      const struck = await attempt(operation, scene, fault, at, found);
      if (!struck || ONLY) break;
    }
  }
  expect(found).toEqual([]);
});

/** One fault: what it did, in words, is added to `found`. False: the operation was over before it could strike. */
async function attempt(
  operation: Operation,
  scene: TestPhone,
  fault: Fault,
  at: number,
  found: string[],
): Promise<boolean> {
  const lasting = at % 2 ? 'once' : 'from then on';
  const battery = at % 4 > 1;
  const trial = await began(operation, scene, `${operation.name.slice(0, 4)}${fault}${at}`);
  const trouble = new Trouble(trial.phone.factory, fault, at, lasting);
  const outcome = await tried(operation, trial);
  trouble.lift();
  if (!trouble.struck) {
    trial.phone.off();
    return false;
  }
  ended.faults += 1;
  for (const [kind, text] of [
    ...told(outcome),
    ...(await after(operation, trial, outcome, battery)),
  ]) {
    ended[kind] += 1;
    found.push(`${operation.name}/${fault}/${at} ${lasting}${battery ? ', battery' : ''}: ${text}`);
  }
  trial.phone.off();
  return true;
}

interface Outcome {
  /** What was thrown. */
  error: unknown;
  /** What stands above the screens about syncing. */
  sync: string | null;
}

async function tried(operation: Operation, trial: Trial): Promise<Outcome> {
  const error = await operation.run(trial).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { error, sync: trial.client.sync().error };
}

/** Every failure has words in both languages that say what to do. */
function told({ error, sync }: Outcome): Wrong[] {
  const silent: Wrong[] = [];
  const isOurs = error instanceof ClientError && error.key in zh.error && error.key in en.error;
  if (error && !(isOurs && error.key !== 'unexpected'))
    silent.push(['silent', `${(error as Error).stack?.slice(0, 400)}`]);
  const inWords = !sync || (sync in zh.sync.error && sync in en.sync.error);
  if (!inWords || sync === 'unexpected') silent.push(['silent', `sync.error.${sync}`]);
  return silent;
}

/** The same again, after the battery perhaps: does it work, and is everything there once? */
async function after(
  operation: Operation,
  trial: Trial,
  { error, sync }: Outcome,
  battery: boolean,
): Promise<Wrong[]> {
  try {
    if (battery) await restarted(operation, trial);
    const repeat = operation.again ?? operation.run;
    if (error || battery) await repeat.call(operation, trial, battery);
    if (sync || error || trial.ids.length) await trial.client.syncNow();
    return await judged(operation, trial);
  } catch (thrown) {
    const { stack, detail } = thrown as ClientError;
    return [['stuck', `${stack?.slice(0, 600)} ${detail ?? ''}`]];
  }
}

async function began(operation: Operation, scene: TestPhone, name: string): Promise<Trial> {
  const [phone, client] = await again(scene, !operation.isClosed);
  const trial: Trial = { world, phone, client, name, ids: [] };
  await operation.prepare?.(trial);
  phone.requests.length = 0;
  phone.weather = (path, init, next) => next(path, init);
  return trial;
}

/** The battery fell out: the disk is what it was at that moment, whatever the old page would still have done. */
async function restarted(operation: Operation, trial: Trial): Promise<void> {
  const disk = await copy(trial.phone.factory);
  trial.phone.off();
  trial.phone = trial.phone.on(disk);
  trial.client = await trial.phone.open();
  if (!operation.isClosed && !(await trial.client.unlock(PIN))) throw new Error('the PIN is lost');
}

type Wrong = ['lost' | 'doubled' | 'stuck' | 'silent', string];

/** After everything was done again and sent: on the phone, on the server, and on the phone once more after a restart. */
async function judged(operation: Operation, trial: Trial): Promise<Wrong[]> {
  const wrong: Wrong[] = [];
  const { error, unsent, unsentBlobs } = trial.client.sync();
  if ((error && error !== 'offline') || unsent || unsentBlobs)
    wrong.push(['stuck', JSON.stringify({ error, unsent, unsentBlobs })]);
  const ids = [...new Set(trial.ids)];
  if (ids.length && trial.world.has(ids) !== ids.length) wrong.push(['lost', 'not on the server']);
  wrong.push(...(await onThePhone(operation, trial)));
  const before = JSON.stringify(books(trial));
  const disk = await copy(trial.phone.factory);
  // A phone left on is never let go of, and there are thousands.
  trial.phone.off();
  trial.phone = trial.phone.on(disk);
  trial.phone.weather = noSignal;
  trial.client = await trial.phone.open();
  const opens = (await trial.client.unlock(PIN)) || (await trial.client.unlock(NEW_PIN));
  if (!opens) return [...wrong, ['stuck', 'no PIN opens it']];
  if (JSON.stringify(books(trial)) !== before)
    wrong.push(['lost', `${before} became ${JSON.stringify(books(trial))}`]);
  return wrong;
}

async function onThePhone(operation: Operation, trial: Trial): Promise<Wrong[]> {
  const { client, world: at } = trial;
  const titles = client.outbox().map(({ title }) => title);
  const doubled = titles.filter((title, i) => titles.indexOf(title) !== i);
  const texts = (await operation.wrong?.(trial)) ?? [];
  return [
    ...(doubled.length ? [['doubled', doubled.join()] as Wrong] : []),
    ...(at.variants() ? [['doubled', 'a variant'] as Wrong] : []),
    ...texts.map((text): Wrong => [text.includes('twice') ? 'doubled' : 'lost', text]),
  ];
}

const books = ({ client }: Trial) => ({
  drafts: client
    .drafts()
    .map(({ id }) => id)
    .sort(),
  outbox: client.outbox().map(({ id, n }) => [id, n]),
  people: client.registry('health').list('client').length,
});
