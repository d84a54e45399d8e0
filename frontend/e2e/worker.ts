/**
 * What a worker does with her phone, in the words of a story: log in, unlock, fill a form, send.
 *
 * Answers are given by question path, in the order of the form; whatever isn't on screen is looked for on the next one.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Locator, type Page, selectors } from '@playwright/test';
import { watchAddresses } from './addresses';
import { launchPhone, type Phone, type PhoneOptions } from './browser';

selectors.setTestIdAttribute('data-test');

export const PIN = '739164';

export interface Worker {
  readonly page: Page;
  /** The folder where the browser keeps everything. */
  readonly profile: string;
  /** Logs in, sets the PIN and waits for the first download. */
  enrol(username: string, password: string): Promise<void>;
  /** The battery falls out; the same phone is opened again by its PIN, wherever it was. */
  battery(): Promise<void>;
  unlock(): Promise<void>;
  /** The battery falls out, and stays out. */
  kill(): Promise<void>;
  /** Switched on again: the app is locked. */
  again(): Promise<{ page: Page }>;
  workspace(scope: 'health' | 'housing'): Promise<void>;
  startForm(form: string): Promise<void>;
  answer(path: string, value: string): Promise<void>;
  fill(answers: Record<string, string>): Promise<void>;
  /** Steps to the end and finishes; returns once the phone says that it is saved. */
  finish(): Promise<void>;
  /** Opens a record by what its title contains. */
  openRecord(text: string): Promise<void>;
  /** Syncs by the button, there and back. */
  sendAll(): Promise<void>;
  /** The same phone's app once more, in a second tab opened by the PIN. */
  tab(): Promise<Worker>;
  /** Fails if any address it went to said what was on the screen. */
  dispose(): Promise<void>;
}

export async function newWorker(url: string, options?: PhoneOptions): Promise<Worker> {
  const profile = await mkdtemp(join(tmpdir(), 'fieldapp-phone-'));
  const telling: (() => string[])[] = [];
  const launch = async () => {
    const phone = await launchPhone(profile, options);
    telling.push(watchAddresses(phone.context, new URL(url).origin));
    return phone;
  };
  const worker = workerWith(url, profile, await launch(), launch);
  return {
    ...worker,
    get page() {
      return worker.page;
    },
    async dispose() {
      await worker.dispose();
      expect(telling.flatMap((addresses) => addresses())).toEqual([]);
    },
  };
}

function workerWith(
  url: string,
  profile: string,
  launched: Phone,
  launch: () => Promise<Phone>,
): Worker {
  let phone = launched;
  const worker: Worker = {
    get page() {
      return phone.page;
    },
    async enrol(username, password) {
      const { page } = phone;
      await page.goto(url);
      await page.getByTestId('login-user').fill(username);
      await page.getByTestId('login-pass').fill(password);
      await page.getByTestId('login-submit').click();
      for (let time = 0; time < 2; time++) {
        await page.getByTestId('pin').fill(PIN);
        await page.getByTestId('pin-next').click();
      }
      await expect(page.getByTestId('tab-today')).toBeVisible({ timeout: 60_000 });
    },
    profile,
    async battery() {
      await worker.kill();
      await worker.again();
      await worker.unlock();
    },
    kill: () => phone.kill(),
    async again() {
      phone = await launch();
      await phone.page.goto(url);
      return { page: phone.page };
    },
    async unlock() {
      const { page } = phone;
      await page.getByTestId('pin').fill(PIN);
      await page.getByTestId('pin').press('Enter');
      await expect(page.getByTestId('pin')).toBeHidden({ timeout: 30_000 });
    },
    async workspace(scope) {
      const { page } = phone;
      await openTab(page, 'today');
      await page.getByTestId(`scope-${scope}`).click();
    },
    async startForm(form) {
      const { page } = phone;
      await page.getByTestId(`start-form-${form}`).first().click();
      await expect(page.getByTestId('form-progress')).toBeVisible();
    },
    async answer(path, value) {
      await give(phone.page, await find(phone.page, path), path, value);
    },
    async fill(answers) {
      for (const [path, value] of Object.entries(answers)) await worker.answer(path, value);
    },
    async finish() {
      const { page } = phone;
      while (await page.getByTestId('next').isVisible()) await page.getByTestId('next').click();
      await page.getByTestId('finish').click();
      await expect(page.getByTestId('saved')).toBeVisible();
      await page.getByTestId('saved-today').click();
    },
    async openRecord(text) {
      const { page } = phone;
      await openTab(page, 'find');
      await page.getByTestId('find-text').fill(text);
      await page.locator('[data-test^="entity-"]').filter({ hasText: text }).first().click();
      await expect(page.getByTestId('record-title')).toBeVisible();
    },
    async sendAll() {
      const { page } = phone;
      await openTab(page, 'outbox');
      const button = page.getByTestId('sync-now');
      await button.click();
      await expect(button).toBeEnabled({ timeout: 60_000 });
      await expect(page.getByTestId('unsent')).toHaveText('已全部发送');
      await expect(page.getByTestId('login-again')).toBeHidden();
      await expect(page.getByTestId('sync-error')).toBeHidden();
    },
    async tab() {
      const page = await phone.context.newPage();
      await page.goto(url);
      const other = workerWith(url, profile, { ...phone, page }, launch);
      await other.unlock();
      return other;
    },
    async dispose() {
      await phone.close().catch(() => undefined);
      await rm(profile, { recursive: true, force: true });
    },
  };
  return worker;
}

/** Records and forms have no tabs: one goes back from them. */
async function openTab(page: Page, name: string): Promise<void> {
  const tab = page.getByTestId(`tab-${name}`);
  const back = page.getByTestId('back');
  await tab.or(back).first().waitFor();
  if (!(await tab.isVisible())) await back.click();
  await tab.click();
}

/** The question, on this screen or on one of the next. */
async function find(page: Page, path: string): Promise<Locator> {
  const question = page.getByTestId(`question-${path}`);
  for (let screen = 0; screen < 20; screen++) {
    await addInstance(page, path);
    try {
      await question.waitFor({ state: 'visible', timeout: 700 });
      return question;
    } catch {
      if (!(await page.getByTestId('next').isVisible())) break;
      await page.getByTestId('next').click();
    }
  }
  throw new Error(`the form doesn't ask ${path}`);
}

/** One more instance of the repeat, if it is on screen and hasn't as many as the path says. */
async function addInstance(page: Page, path: string): Promise<void> {
  const [, repeat] = /^(.*)\[\d+\]\//.exec(path) ?? [];
  if (!repeat || !(await page.getByTestId(`repeat-${repeat}`).isVisible())) return;
  const instance = path.slice(0, path.indexOf(']') + 1);
  if ((await page.getByTestId(`toggle-${instance}`).count()) === 0) {
    await page.getByTestId(`add-${repeat}`).click();
  }
}

/** A choice by its code, several by codes with spaces between, a record by part of its title, else text. */
async function give(page: Page, question: Locator, path: string, value: string): Promise<void> {
  const pick = question.getByTestId(`pick-${path}`);
  const input = question.getByTestId(`input-${path}`);
  const cells = question.locator(`[data-test^="option-${path}-"]`);
  await pick.or(input).or(cells).first().waitFor();
  if (await pick.isVisible()) {
    await pick.click();
    const byCode = page.getByTestId(`option-${path}-${value}`);
    if (!(await byCode.isVisible())) await page.getByTestId('pick-search').fill(value);
    const byTitle = page.locator(`[data-test^="option-${path}-"]`).filter({ hasText: value });
    await byCode.or(byTitle).first().click();
  } else if (await input.isVisible()) {
    await input.fill(value);
  } else {
    for (const code of value.split(' ')) await page.getByTestId(`option-${path}-${code}`).click();
  }
}
