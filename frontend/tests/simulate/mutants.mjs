// `make mutants`: does the simulation notice? Every fault of tests/simulation/mutants.json is planted in a server or a
// phone of its own, and histories are played until one breaks.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { HISTORIES = '150', STEPS = '40', SEED = '1', ONLY = '', WORKERS = '2' } = process.env;
const list = JSON.parse(
  readFileSync(new URL('../../../tests/simulation/mutants.json', import.meta.url), 'utf8'),
);
const wanted = list.filter(({ name }) => !ONLY || ONLY.split(',').includes(name));
const script = fileURLToPath(new URL('run.mjs', import.meta.url));
const say = (line) => process.stdout.write(`${line}\n`);

/** What broke first, and after how many histories; null if nothing did. */
function play({ name, themes = [], db = 'sqlite' }) {
  const env = {
    ...process.env,
    MUTANT: name,
    THEMES: themes.join(),
    DB: db,
    HISTORIES,
    STEPS,
    SEED,
  };
  const child = fork(script, { env, silent: true });
  let told = '';
  child.stderr.on('data', (data) => {
    told += data;
  });
  const results = [];
  child.on('message', (result) => {
    if ('seed' in result) results.push(result);
  });
  return new Promise((resolve) =>
    child.on('exit', () => {
      const broken = results.find((result) => result.broken);
      resolve({ broken, histories: results.length, told: told.trim().split('\n').pop() });
    }),
  );
}

/** What writers at the same time show is shown by a test of the server: histories are played one request after the other. */
function tested({ name, test }) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const args = [
    '-m',
    'pytest',
    '-q',
    '-p',
    'tests.simulation.planted',
    '-p',
    'no:cacheprovider',
    test,
  ];
  const child = spawn(`${root}.venv/bin/python`, args, {
    cwd: root,
    env: { ...process.env, MUTANT: name },
  });
  let told = '';
  child.stdout.on('data', (data) => {
    told += data;
  });
  return new Promise((resolve) =>
    child.on('exit', (code) => resolve({ code, told: told.trim().split('\n').pop() })),
  );
}

async function byTest(mutant) {
  const { code, told } = await tested(mutant);
  if (code === 1) caught += 1;
  say(`${mutant.name}: ${code === 1 ? 'caught' : 'SURVIVED'} by ${mutant.test}: ${told}`);
}

const began = performance.now();
let caught = 0;
const queue = [...wanted];
async function work() {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    if (mutant.test) {
      await byTest(mutant);
      continue;
    }
    const { broken, histories, told } = await play(mutant);
    // What crashes the test itself shows nothing.
    const crashed = broken?.broken.startsWith('crash:');
    if (broken && !crashed) caught += 1;
    if (!histories || crashed) say(`${mutant.name}: didn't run: ${told} ${broken?.broken ?? ''}`);
    else if (!broken) say(`${mutant.name}: SURVIVED ${histories} histories (${mutant.why})`);
    else say(`${mutant.name}: caught after ${histories}: ${broken.broken.slice(0, 140)}`);
  }
}
await Promise.all(Array.from({ length: Number(WORKERS) }, work));
const seconds = ((performance.now() - began) / 1000).toFixed(1);
say(`mutants=${wanted.length} caught=${caught} seconds=${seconds}`);
process.exitCode = caught === wanted.length ? 0 : 1;
