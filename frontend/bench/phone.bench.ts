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
import { type Engine, enketo, nothing, ours, webForms } from './engines';
import { asKeys, type Figure, figureOf, type Goal, isMet, written, writtenGoal } from './figures';
import { goalsOf, SIZES } from './goals';
import { type BenchHome, makeHome } from './home';
import { type Pages, servePages } from './pages';
import type { Answering, Settled } from './stopwatch';

const RUNS = Number(process.env.RUNS ?? 7);
const MEMBERS = 100;
/** What a worker types to find somebody: characters, initials, a telephone number. */
const TYPED = ['王', 'wx', '1380'];

test.describe.configure({ mode: 'serial', timeout: 900_000 });

let home: BenchHome;
let server: TestServer;
let pages: Pages;
let phone: Awaited<ReturnType<typeof ours>>;
let engines: Engine[];
/** What an answer takes where there is no engine: no goal, but none can be below it. */
let floor: Engine;

/** Every value measured, by what it is. */
const measured = new Map<string, number[]>();
const loads: number[] = [];
function keep(key: string, value: number): void {
  measured.set(key, [...(measured.get(key) ?? []), value]);
}

test.beforeAll(async () => {
  test.setTimeout(300_000);
  home = await makeHome();
  [server, pages] = await Promise.all([startServer(home.folder), servePages()]);
  await prepareForms();
  phone = await ours(server.url);
  engines = [phone, await enketo(pages.url), await webForms(pages.url)];
  floor = await nothing(pages.url);
});

test.afterEach(async () => void (await report()));

test.afterAll(async () => {
  for (const engine of [...(engines ?? []), floor]) await engine?.dispose();
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

const answered = (page: Page, asked: Answering) =>
  page.evaluate((it) => window.stopwatch.settle(it), asked);
const settle = async (page: Page, asked: Answering) => (await answered(page, asked)).settled;

/** Two answers each in the first sections: one on which questions hang, one on which a calculation does. */
async function answer(engine: Engine, page: Page, key: string): Promise<void> {
  const took: Settled[] = [];
  for (let s = 1; s <= 3; s += 1) {
    const { yes, asked, adults, told, leave = false } = engine.places(s);
    took.push(await answered(page, { target: yes, shows: asked }));
    const people = String(s + 1);
    const shown = { shows: told, words: `家里共${people}人` };
    took.push(await answered(page, { target: adults, text: people, leave, ...shown }));
  }
  const settled = figureOf(took.map((it) => it.settled));
  keep(`ready_${key}`, figureOf(took.map((it) => it.ready)).median);
  keep(`settle_${key}`, settled.median);
  keep(`slowest_${key}`, settled.most);
}

async function openAndAnswer(engine: Engine, size: number): Promise<void> {
  const page = await engine.cold(`bench_${size}`);
  const key = `${engine.name}_${size}`;
  const opened = await page.evaluate((it) => window.stopwatch.open(it), {
    button: engine.button(`bench_${size}`),
    first: engine.places(1).yes,
    last: engine.places(size / 10).told,
  });
  keep(`open_${key}`, opened.open);
  keep(`whole_${key}`, opened.whole);
  keep(`blocked_${key}`, opened.blocked);
  await answer(engine, page, key);
  loads.push(loadavg()[0] ?? 0);
}

test('a form opens, and an answer settles', async () => {
  for (let run = 0; run < RUNS; run += 1) {
    for (const size of SIZES) for (const engine of engines) await openAndAnswer(engine, size);
    await answer(floor, await floor.cold(''), floor.name);
  }
});

test('one of five thousand is found', async () => {
  const path = 'g_visit/person_id';
  for (let run = 0; run < RUNS; run += 1) {
    const page = await phone.cold('preg_followup');
    const option = `[data-test^="option-${path}-"]`;
    const search = '[data-test="pick-search"]';
    await page.getByTestId('start-form-preg_followup').tap();
    await page.getByTestId(`pick-${path}`).waitFor();
    keep('pick_open', await settle(page, { target: `[data-test="pick-${path}"]`, shows: option }));
    const keys: number[] = [];
    for (const text of TYPED) {
      for (let length = 0; length <= text.length; length += 1) {
        keys.push(
          await settle(page, { target: search, text: text.slice(0, length), shows: option }),
        );
      }
    }
    await expect(page.locator(option).first()).toContainText('1380');
    keep('pick_key', figureOf(keys).median);
    keep('pick_slowest', figureOf(keys).most);
  }
});

/** A household of a hundred, left as the newest draft. */
async function household(): Promise<void> {
  await phone.worker.battery();
  const { page } = phone.worker;
  await phone.worker.startForm('bench_repeat');
  for (let at = 0; at < MEMBERS; at += 1) {
    if (at > 0) await page.getByTestId('add-member').tap();
    await page.getByTestId(`input-member[${at}]/m_name`).fill(`成员${at + 1}`);
  }
  await expect(page.getByTestId('draft-state')).toContainText('已存下');
}

test('a hundred members of a household', async () => {
  await household();
  for (let run = 0; run < RUNS; run += 1) {
    const page = await phone.cold('bench_repeat');
    const opened = await page.evaluate((it) => window.stopwatch.open(it), {
      button: '[data-test="draft-item"]',
      first: '[data-test="input-address"]',
      last: `[data-test="toggle-member[${MEMBERS - 1}]"]`,
    });
    keep('repeat_open', opened.open);
    keep('repeat_whole', opened.whole);
    const scrolled = await page.evaluate(() =>
      window.stopwatch.longest(async () => {
        for (let y = 0; y < document.documentElement.scrollHeight; y += 500) {
          window.scrollTo(0, y);
          await new Promise(requestAnimationFrame);
        }
      }),
    );
    keep('repeat_scroll', scrolled);
    const at = 'member[50]';
    const unfold = {
      target: `[data-test="toggle-${at}"]`,
      shows: `[data-test="input-${at}/m_name"]`,
    };
    keep('repeat_unfold', await settle(page, unfold));
    const age = { target: `[data-test="input-${at}/m_age"]`, text: '7' };
    keep(
      'repeat_settle',
      await settle(page, { ...age, shows: `[data-test="question-${at}/m_school"]` }),
    );
    const added = `[data-test="input-member[${MEMBERS}]/m_name"]`;
    keep('repeat_add', await settle(page, { target: '[data-test="add-member"]', shows: added }));
    await page.getByTestId(`remove-member[${MEMBERS}]`).tap();
    await page.getByTestId('confirm-yes').tap();
    await expect(page.locator(added)).toBeHidden();
    await page.getByTestId('back').tap();
    // Then the draft is saved.
    await page.getByTestId('start-form-bench_repeat').waitFor();
  }
});

/** What was measured, and how it stands to the goals; also of a run that broke off, as far as it came. */
async function report(): Promise<Goal[]> {
  const figures = new Map<string, Figure>();
  for (const [key, values] of measured) figures.set(key, figureOf(values));
  const goals = goalsOf((key) => figures.get(key)?.median ?? Number.NaN);
  const lines = [
    ...[...figures].map(([key, figure]) => `${key}: ${written(figure)}`),
    `load of the machine while measuring (this run's own is about 1.5): ${written(figureOf(loads))}`,
    ...goals.map(writtenGoal),
    asKeys(goals),
  ];
  await mkdir('test-results', { recursive: true });
  await writeFile('test-results/phone.txt', `${lines.join('\n')}\n`);
  return goals;
}

test('the goals are met', async () => {
  const goals = await report();
  expect(goals.filter((goal) => !isMet(goal)).map(writtenGoal)).toEqual([]);
});
