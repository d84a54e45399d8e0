/** The three engines as a person meets them: how each is started cold, and where it shows a question. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CDPSession, Page } from '@playwright/test';
import { launchPhone, type PhoneOptions } from '../e2e/browser';
import { newWorker, type Worker } from '../e2e/worker';
import { fontsInto } from './fonts';
import { installStopwatch } from './stopwatch';

/** How much slower than this machine's the phone's processor is. */
const THROTTLE = Number(process.env.THROTTLE ?? 6);
const PASSWORD = 'xunfang-2026';

/** Frames come when they are ready, not 60 times a second: what is measured is work, not waiting for the screen. */
const PHONE: PhoneOptions = {
  args: ['--disable-frame-rate-limit'],
  fonts: await fontsInto(fileURLToPath(new URL('./dist/fonts', import.meta.url))),
};

export interface Engine {
  name: string;
  /** A browser just started, the form's code and text on the phone, nothing else going on; throttled. */
  cold(form: string): Promise<Page>;
  /** Selectors: what opens a form, and by section the questions that are looked at. */
  button(form: string): string;
  places(section: number): Places;
  dispose(): Promise<void>;
}

export interface Places {
  /** “Yes” to the first question, and what is asked on because of it. */
  yes: string;
  asked: string;
  /** A number, and the note that tells the sum with it. */
  adults: string;
  told: string;
  leave?: boolean;
}

/** The page that is slow now. Slowing a page keeps half a core busy even while it rests, so there is one at a time. */
let slow: CDPSession | null = null;

/** The phone of the day: slow from here on, and at rest. */
export async function slowed(page: Page): Promise<CDPSession> {
  // A browser that was closed meanwhile has nothing left to speed up.
  await slow?.send('Emulation.setCPUThrottlingRate', { rate: 1 }).catch(() => undefined);
  await page.evaluate(installStopwatch);
  await page.evaluate(() => window.stopwatch.rest());
  slow = await page.context().newCDPSession(page);
  await slow.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
  await page.evaluate(() => window.stopwatch.rest());
  return slow;
}

/** The app as a worker has it: enrolled, synced, unlocked, on the page of the day. */
export async function ours(url: string): Promise<Engine & { worker: Worker }> {
  const worker = await newWorker(url, PHONE);
  await worker.enrol('wang', PASSWORD);
  await worker.workspace('health');
  await worker.page.getByTestId('start-form-bench_300').waitFor();
  await worker.sendAll();
  return {
    name: 'ours',
    worker,
    async cold() {
      await worker.battery();
      await worker.page.getByTestId('start-form-bench_300').waitFor();
      await worker.page.waitForLoadState('networkidle');
      await slowed(worker.page);
      return worker.page;
    },
    button: (form) => `[data-test="start-form-${form}"]`,
    places: (s) => ({
      yes: `[data-test="option-g${s}/q${s}_any-1"] input`,
      asked: `[data-test="input-g${s}/q${s}_n"]`,
      adults: `[data-test="input-g${s}/q${s}_adults"]`,
      told: `[data-test="question-g${s}/told${s}"]`,
    }),
    dispose: () => worker.dispose(),
  };
}

/** Another engine in its page, in a browser of its own that has seen the page before. */
async function other(name: string, url: string, places: Engine['places']): Promise<Engine> {
  const profile = await mkdtemp(join(tmpdir(), `fieldapp-${name}-`));
  let phone = await launchPhone(profile, PHONE);
  const engine: Engine = {
    name,
    places,
    button: () => '#open',
    async cold(form) {
      await phone.close();
      phone = await launchPhone(profile, PHONE);
      await phone.page.goto(`${url}/${name}.html?form=${form}`);
      await phone.page.locator('#open:enabled').waitFor();
      await slowed(phone.page);
      return phone.page;
    },
    async dispose() {
      await phone.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
  return engine;
}

export function enketo(url: string): Promise<Engine> {
  return other('enketo', url, (s) => ({
    yes: `[name="/data/g${s}/q${s}_any"][value="1"]`,
    asked: `[name="/data/g${s}/q${s}_n"]`,
    adults: `[name="/data/g${s}/q${s}_adults"]`,
    told: `[data-contains-ref-target="/data/g${s}/told${s}"]`,
  }));
}

/** Its ids are random and a question that isn't asked isn't there, so questions are found by their place. */
export function webForms(url: string): Promise<Engine> {
  const question = (section: number, at: number) =>
    `.form-questions > div > :nth-child(${section}) .question-container:nth-child(${at})`;
  return other('web-forms', url, (s) => ({
    yes: `${question(s, 1)} input[value="1"]`,
    asked: `${question(s, 2)} input[inputmode]`,
    adults: `${question(s, 5)} input`,
    told: `.form-questions > div > :nth-child(${s})`,
    leave: true,
  }));
}

/** A page of three questions with no engine behind them. */
export function nothing(url: string): Promise<Engine> {
  return other('nothing', url, (s) => ({
    yes: `#yes${s}`,
    asked: `#asked${s}`,
    adults: `#adults${s}`,
    told: `#told${s}`,
  }));
}
