/**
 * How fast a form is on a cheap phone, ours and the others' side by side: docs/performance.md says what each figure means.
 * Writes test-results/phone.txt; fails if a goal is missed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { launchPhone } from '../e2e/browser';
import { startServer, type TestServer } from '../e2e/server';
import { type Engine, enketo, ours, webForms } from './engines';
import { asKeys, figureOf, type Goal, isMet, written, writtenGoal } from './figures';
import { type BenchHome, makeHome } from './home';
import { type Pages, servePages } from './pages';
import type { Answering } from './stopwatch';

const RUNS = Number(process.env.RUNS ?? 7);
const SIZES = [30, 300];

test.describe.configure({ mode: 'serial', timeout: 900_000 });

let home: BenchHome;
let server: TestServer;
let pages: Pages;
let phone: Awaited<ReturnType<typeof ours>>;
let engines: Engine[];

/** Every value measured, by what it is. */
const measured = new Map<string, number[]>();
const keep = (key: string, value: number) =>
  measured.set(key, [...(measured.get(key) ?? []), value]);
const median = (key: string) => figureOf(measured.get(key) ?? []).median;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  home = await makeHome();
  process.env.FIELDAPP_DEMO_HOME = home.folder;
  [server, pages] = await Promise.all([startServer(), servePages()]);
  await prepareForms();
  phone = await ours(server.url);
  engines = [phone, await enketo(pages.url), await webForms(pages.url)];
});

test.afterAll(async () => {
  for (const engine of engines ?? []) await engine.dispose();
  pages?.close();
  await server?.dispose();
  await home?.dispose();
});

/** What the other engines find on the phone: XForms as they are, and made ready by Enketo's transformer. */
async function prepareForms(): Promise<void> {
  const browser = await launchPhone(join(home.folder, 'browser'));
  await browser.page.goto(`${pages.url}/transform.html`);
  await browser.page.waitForFunction(() => 'ready' in window);
  for (const [id, xform] of home.xforms) {
    const ready = await browser.page.evaluate(
      (text) => (window as unknown as { ready(x: string): Promise<string> }).ready(text),
      xform,
    );
    pages.extra.set(`/forms/${id}.xml`, xform);
    pages.extra.set(`/forms/${id}.enketo.json`, ready);
  }
  await browser.close();
}

/** Two answers each in the first sections: one on which questions hang, one on which a calculation does. */
async function answers(engine: Engine, page: Page): Promise<number[]> {
  const took: number[] = [];
  for (let s = 1; s <= 3; s += 1) {
    const { yes, asked, adults, told, leave = false } = engine.places(s);
    const asking: Answering[] = [
      { target: yes, shows: asked },
      { target: adults, text: String(s + 1), shows: told, words: `家里共${s + 1}人`, leave },
    ];
    for (const one of asking) {
      took.push(await page.evaluate((it) => window.stopwatch.settle(it), one));
    }
  }
  console.log(engine.name, took.map(Math.round).join(' '));
  return took;
}

test('a form opens, and an answer settles', async () => {
  for (let run = 0; run < RUNS; run += 1) {
    for (const size of SIZES) {
      for (const engine of engines) {
        const page = await engine.cold(`bench_${size}`);
        const opened = await page.evaluate((it) => window.stopwatch.open(it), {
          button: engine.button(`bench_${size}`),
          first: engine.places(1).yes,
          last: engine.places(size / 10).told,
        });
        console.log(engine.name, opened); const key = `${engine.name}_${size}`;
        keep(`open_${key}`, opened.open);
        keep(`whole_${key}`, opened.whole);
        keep(`blocked_${key}`, opened.blocked);
        const took = await answers(engine, page);
        keep(`settle_${key}`, figureOf(took).median);
        keep(`slowest_${key}`, figureOf(took).most);
      }
    }
  }
});

test('the goals are met', async () => {
  const goals: Goal[] = [
    { key: 'open_30', value: median('open_ours_30'), limit: 350, kind: 'most' },
    { key: 'settle_30', value: median('settle_ours_30'), limit: 20, kind: 'most' },
    { key: 'open_300', value: median('open_ours_300'), limit: 700, kind: 'most' },
    { key: 'settle_300', value: median('settle_ours_300'), limit: 40, kind: 'most' },
  ];
  for (const size of SIZES) {
    for (const [name, limit] of [['web-forms', 10], ['enketo', 2.5]] as const) {
      const value = median(`open_${name}_${size}`) / median(`open_ours_${size}`);
      goals.push({ key: `times_${name}_${size}`, value, limit, kind: 'least' });
    }
  }
  const lines = [
    ...[...measured].map(([key, values]) => `${key}: ${written(figureOf(values))}`),
    `load while measuring: ${loadavg().map((load) => load.toFixed(1)).join(' ')}`,
    ...goals.map(writtenGoal),
    asKeys(goals),
  ];
  await mkdir('test-results', { recursive: true });
  await writeFile('test-results/phone.txt', `${lines.join('\n')}\n`);
  expect(goals.filter((goal) => !isMet(goal)).map(writtenGoal)).toEqual([]);
});
