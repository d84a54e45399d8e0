/**
 * 王芳's phone is taken from her hands, running: every file of the browser's profile is read, and nothing is in it that she
 * captured, looked for or typed, nobody of the registry, no PIN and no password. FULL=1 as `make plaintext`: every packaged
 * form; otherwise the shortest of them.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import { consent, contraceptionVisit, firstPregnancyVisit, rentedFlat } from './answers';
import { cameraPhoto } from './pictures';
import { scan } from './plaintext';
import { startServer, type TestServer } from './server';
import { newWorker, PIN, type Worker } from './worker';

const FULL = process.env.FULL === '1';
const APP = fileURLToPath(new URL('../../fieldapp/static/app', import.meta.url));
const PASSWORD = 'xunfang-2026';
const REMARK = '门牌已换新贴在右边';
/** What a form holds besides codes: shorter answers stand in any file by chance. */
const TELLS = /[\u4e00-\u9fff]{2,}|\d{6,}|\d{4}-\d{2}-\d{2}/;

test.describe.configure({ mode: 'serial', timeout: 480_000 });

let server: TestServer;
let wang: Worker;
let profile: string;
const values = new Set<string>([PIN, PASSWORD]);
let photo: Buffer;

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/door.md', '--program', 'rental');
  wang = await newWorker(server.url);
  profile = wang.profile;
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

/** What is typed is looked for; what is chosen from the form's own lists is in the form. */
function note(answers: Record<string, string>): Record<string, string> {
  for (const value of Object.values(answers)) if (TELLS.test(value)) values.add(value);
  return answers;
}

async function takePhoto(): Promise<void> {
  await wang.workspace('housing');
  await wang.startForm('e2e_door');
  photo = await cameraPhoto(wang.page, 800, 600);
  const file = { name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: photo };
  await wang.page.getByTestId('photo-photo').setInputFiles(file);
  await expect(wang.page.getByTestId('question-photo').locator('img')).toBeVisible();
  await wang.answer('remark', REMARK);
  values.add(REMARK);
  await wang.finish();
}

async function everyForm(): Promise<void> {
  await wang.workspace('health');
  await wang.startForm('preg_followup');
  await wang.fill(note(firstPregnancyVisit('秦晓岚')));
  await wang.finish();
  await wang.startForm('contra_followup');
  await wang.fill(note(contraceptionVisit('秦晓岚')));
  await wang.finish();
  await wang.workspace('housing');
  await wang.startForm('rental_register');
  await wang.fill(note(rentedFlat('甲九', ['孙一鸣', '钱二宝'])));
  await wang.finish();
}

/** Names and telephones of everybody whom the phone pulled. */
async function fromRegistry(): Promise<void> {
  const { page } = wang;
  await page.getByTestId('tab-find').click();
  await page.getByTestId('find-text').fill('1');
  for (const text of await page.locator('[data-test^="entity-"]').allTextContents())
    for (const part of text.match(/[\u4e00-\u9fff]{2,4}(?=[ ·，])|1\d{10}/g) ?? [])
      values.add(part);
}

/** The browser keeps the app's own scripts: an example names a village of the demo, a sentence the kind of a record. */
const APP_SAYS = ['柳林村', '服务对象'];
function leaveOutWhatTheAppSays(): void {
  const inApp = new Set(scan(APP, [...values]).found.map(({ value }) => value));
  expect([...inApp].filter((value) => !APP_SAYS.includes(value))).toEqual([]);
  for (const value of inApp) values.delete(value);
}

test('a day is worked, and the phone killed in the middle of a form', async () => {
  await wang.enrol('wang', PASSWORD);
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(note(consent('秦晓岚', '13876543210')));
  await wang.finish();
  if (FULL) await everyForm();
  await takePhoto();
  await wang.sendAll();
  await wang.workspace('health');
  await wang.openRecord('秦晓岚');
  await wang.page.getByTestId('back').click();
  await fromRegistry();
  await wang.workspace('health');
  await wang.startForm('consent_record');
  await wang.fill(
    note({
      'g_start/known': '0',
      'g_start/lang_ok': '1',
      'g_consent/age14': '1',
      'g_consent/c_preg': '1',
      'g_consent/c_contra': '0',
      'g_consent/c_share': '0',
      'g_consent/c_msg': '0',
      'g_consent/c_method': 'oral',
      'g_consent/c_copy': '1',
      'g_person/n_name': '柏若溪',
      'g_person/n_phone': '13811223344',
    }),
  );
  await wang.page.waitForTimeout(1500);
  await wang.kill();
});

test('nothing of it lies readable on the disk', () => {
  const middle = photo.subarray(photo.length / 2, photo.length / 2 + 64);
  leaveOutWhatTheAppSays();
  const found = scan(profile, [...values], [middle, photo.subarray(-96, -32)]);
  const figures = `values=${found.values} files=${found.files} bytes=${found.bytes} found=${found.found.length}`;
  mkdirSync('test-results', { recursive: true });
  writeFileSync('test-results/plaintext.txt', `${figures}\n`);
  expect(found.values).toBeGreaterThan(FULL ? 30 : 12);
  expect(found.files).toBeGreaterThan(20);
  expect(found.found).toEqual([]);
});

test('the scan finds what was planted, in storage and in a file', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'fieldapp-planted-'));
  try {
    await cp(profile, copy, { recursive: true });
    await writeFile(
      join(copy, 'Default', 'planted'),
      `…${Buffer.from('柏若溪').toString('base64')}…`,
    );
    expect(scan(copy, [...values]).found.map(({ value }) => value)).toEqual(['柏若溪']);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  const { page } = await wang.again();
  await page.evaluate(
    (text) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('planted', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('rows');
        opening.onsuccess = () => {
          const tx = opening.result.transaction('rows', 'readwrite', { durability: 'strict' });
          tx.objectStore('rows').put({ name: text, twice: text.repeat(50) }, 1);
          tx.oncomplete = () => resolve();
          tx.onerror = () => reject(tx.error);
        };
      }),
    '秦晓岚',
  );
  await wang.kill();
  const found = scan(profile, [...values]).found.map(({ value }) => value);
  expect(new Set(found)).toEqual(new Set(['秦晓岚']));
});
