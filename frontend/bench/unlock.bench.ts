/**
 * How long a worker with 5,000 records waits for her phone after the PIN, on a cheap phone: from the tap until the page of
 * the day is drawn with what is due, and the longest that the page could not answer a touch until it rests. The PIN is
 * stretched in a thread of its own, which the browser can't slow: what that takes counts six times as well.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, type Page, test } from '@playwright/test';
import { startServer, type TestServer } from '../e2e/server';
import { newWorker, PIN, type Worker } from '../e2e/worker';
import { slowed } from './engines';
import { asKeys, figureOf, type Goal, isMet, written } from './figures';

const RUNS = Number(process.env.RUNS ?? 7);
const THROTTLE = Number(process.env.THROTTLE ?? 6);
const inVenv = (name: string) => fileURLToPath(new URL(`../../.venv/bin/${name}`, import.meta.url));
const DISTRICT = fileURLToPath(new URL('./district.py', import.meta.url));

test.describe.configure({ timeout: 900_000 });

let server: TestServer;
let wang: Worker;
let home: string;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  home = process.env.BENCH_HOME ?? (await mkdtemp(join(tmpdir(), 'fieldapp-unlock-')));
  const env = { ...process.env, FIELDAPP_HOME: home };
  if (!process.env.BENCH_HOME)
    await promisify(execFile)(inVenv('python'), [DISTRICT], { env, maxBuffer: 1 << 24 });
  process.env.FIELDAPP_DEMO_HOME = home;
  server = await startServer();
  wang = await newWorker(server.url);
  await wang.enrol('wang', 'xunfang-2026');
  await wang.workspace('health');
  await wang.sendAll();
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
  if (!process.env.BENCH_HOME) await rm(home, { recursive: true, force: true });
});

interface Opened {
  /** From the tap until what is due is drawn. */
  shown: number;
  /** The part of it in which the PIN was stretched. */
  stretched: number;
  /** The longest that the page could not answer a touch, until it rests. */
  blocked: number;
}

function opened(page: Page, pin: string, until: string): Promise<Opened> {
  return page.evaluate(
    async ([secret, selector]) => {
      const field = document.querySelector<HTMLInputElement>('[data-test="pin"]');
      if (!field) throw new Error('not locked');
      let stretched = 0;
      const ask = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (this: Worker, message: unknown) {
        const asked = performance.now();
        (this as unknown as EventTarget).addEventListener('message', () => {
          stretched = performance.now() - asked;
        });
        ask.call(this, message);
      };
      field.value = secret;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      await window.stopwatch.rest();
      let shown = 0;
      const blocked = await window.stopwatch.longest(async () => {
        const start = performance.now();
        field.form?.requestSubmit();
        await window.stopwatch.until(selector);
        await new Promise(requestAnimationFrame);
        shown = performance.now() - start;
      });
      return { shown, stretched, blocked };
    },
    [pin, until] as const,
  );
}

test('5,000 records open in two seconds, and the screen never freezes', async () => {
  const [waits, tasks, stretches]: [number[], number[], number[]] = [[], [], []];
  // The first start, in which the last of the records comes, isn't counted.
  for (let run = 0; run <= RUNS; run += 1) {
    await wang.kill();
    const { page } = await wang.again();
    await page.getByTestId('pin').waitFor();
    await page.waitForLoadState('networkidle');
    await slowed(page);
    const { shown, stretched, blocked } = await opened(page, PIN, '[data-test="task-item"]');
    if (run === 0) continue;
    waits.push(shown + (THROTTLE - 1) * stretched);
    tasks.push(blocked);
    stretches.push(stretched);
  }
  const records = await wang.page.evaluate(
    () => document.querySelectorAll('[data-test="task-item"]').length,
  );
  const goals: Goal[] = [
    { key: 'unlock', value: figureOf(waits).median, limit: 2000, kind: 'most' },
    { key: 'longest_task', value: figureOf(tasks).median, limit: 200, kind: 'most' },
  ];
  const lines = [
    `unlock ${written(figureOf(waits))}`,
    `longest task ${written(figureOf(tasks))}`,
    `PIN alone, not slowed ${written(figureOf(stretches))}; tasks shown ${records}`,
    `${asKeys(goals)} pin_unslowed=${Math.round(figureOf(stretches).median)} throttle=${THROTTLE} runs=${RUNS}`,
  ];
  await mkdir('test-results', { recursive: true });
  await writeFile('test-results/unlock.txt', `${lines.join('\n')}\n`);
  expect(goals.filter((goal) => !isMet(goal))).toEqual([]);
});
