/**
 * From a doorstep with no signal to the review desk: the product's main promise, whole, with nothing stood in for.
 * Two workers of one village, the server's process gone, a phone that dies, a conflict, a visit returned, consent taken back.
 */

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, type Locator, type Page, test } from '@playwright/test';
import {
  consent,
  contraceptionVisit,
  firstPregnancyVisit,
  knownDwelling,
  rentedFlat,
} from './answers';
import { launchPhone } from './browser';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
const LIULIN = '379901001201';

test.setTimeout(600_000);

let server: TestServer;
let wang: Worker;
let li: Worker;

test.beforeAll(async () => {
  server = await startServer();
  wang = await newWorker(server.url);
  li = await newWorker(server.url);
});

// biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from the pattern
test.afterEach(async ({}, info) => {
  if (info.status === info.expectedStatus) return;
  for (const [name, worker] of Object.entries({ wang, li })) {
    await worker?.page.screenshot({ path: info.outputPath(`${name}.png`) }).catch(() => undefined);
  }
});

test.afterAll(async () => {
  await wang?.dispose();
  await li?.dispose();
  await server?.dispose();
});

test('what two workers wrote at doorsteps without signal is merged, settled, corrected, and the same everywhere', async () => {
  const began = Date.now();
  await wang.enrol('wang', PASSWORD);
  await li.enrol('li', PASSWORD);
  const before = counted();
  const shared = sharedDwelling();

  await server.stop();
  await test.step('王芳 fills six visits with no signal', () =>
    day(wang, '张小梅', '甲', shared.title, {
      'g_dw/g_let/rooms_let': '1',
      'g_dw/g_let/lessor_phone': '13911110001',
    }));
  await test.step('李娜 does the same; her phone dies half-way through a form', async () => {
    await li.workspace('health');
    await li.startForm('consent_record');
    const answers = Object.entries(consent('刘春燕乙', '13800002222'));
    await li.fill(Object.fromEntries(answers.slice(0, 6)));
    await expect(li.page.getByTestId('draft-state')).toHaveText('草稿已存下');
    await li.battery();
    await li.workspace('health');
    await li.page.getByTestId('draft-item').first().click();
    await li.fill(Object.fromEntries(answers.slice(6)));
    await li.finish();
    await li.startForm('preg_followup');
    await li.fill(firstPregnancyVisit('刘春燕乙'));
    await li.finish();
    await li.startForm('contra_followup');
    await li.fill(contraceptionVisit('刘春燕乙'));
    await li.finish();
    await housing(li, '乙', shared.title, {
      'g_dw/g_let/lessor': '何建国',
      'g_dw/g_let/lessor_phone': '13911110002',
    });
    await li.battery();
  });
  for (const worker of [wang, li]) {
    await worker.page.getByTestId('tab-outbox').click();
    await expect(worker.page.getByTestId('outbox-item')).toHaveCount(5);
    await expect(worker.page.getByTestId('outbox-state').first()).toHaveText('等待发送');
  }

  await server.start();
  await test.step('with signal again everything goes out by itself', async () => {
    for (const worker of [wang, li]) {
      await expect(worker.page.getByTestId('unsent')).toHaveText('已全部发送', {
        timeout: 120_000,
      });
    }
  });
  const after = counted();
  expect(after.submissions - before.submissions, 'every visit exactly once').toBe(10);
  expect(after.quarantined).toBe(before.quarantined);
  expect(conflictsOf(shared.id), 'exactly one conflict').toEqual(['lessor_phone']);
  expect(after.conflicts - before.conflicts).toBe(1);

  const desk = await openDesk('zhao');
  await test.step('赵强 settles the conflict', async () => {
    await desk.page.getByTestId('tab-review-conflicts').click();
    await desk.page.getByTestId('conflict-row').filter({ hasText: shared.title }).click();
    const choice = desk.page.locator('label').filter({ hasText: '13911110002' });
    await expect(choice).toContainText('李娜');
    await expect(desk.page.locator('label').filter({ hasText: '13911110001' })).toContainText(
      '王芳',
    );
    await choice.getByRole('radio').check();
    await desk.page.getByTestId('settle').click();
    await expect(desk.page).toHaveURL(/conflicts$/);
    expect(conflictsOf(shared.id)).toEqual([]);
  });
  await test.step('and returns one visit with a note on a question', async () => {
    await openVisit(desk.page, '柳林路88号 甲');
    await desk.page.getByTestId('return').click();
    await desk.page.getByTestId('ask-g_dw/g_let/area_m2').click();
    await desk.page.getByTestId('note-g_dw/g_let/area_m2').fill('面积和房产证不符，请再量一次');
    await desk.page.getByTestId('send-return').click();
    await expect(desk.page.getByTestId('visit')).toHaveAttribute('data-state', 'returned');
  });

  await test.step('王芳 sees the note on the question and corrects it', async () => {
    await wang.sendAll();
    await wang.workspace('housing');
    const task = wang.page.getByTestId('returned-item').first();
    await expect(task).toContainText('柳林路88号 甲');
    await task.click();
    await expect(wang.page.getByTestId('correction')).toBeVisible();
    await wang.answer('g_dw/g_let/area_m2', '76');
    await expect(wang.page.getByTestId('note-g_dw/g_let/area_m2')).toContainText('请再量一次');
    await wang.finish();
    await wang.sendAll();
    await expect(wang.page.getByTestId('returned-item')).toHaveCount(0);
  });
  await test.step('the correction comes back to the desk', async () => {
    await openVisit(desk.page, '柳林路88号 甲');
    await expect(desk.page.getByTestId('change-area_m2')).toContainText('76');
    await desk.page.getByTestId('approve').click();
    await expect(desk.page.getByTestId('visit')).toHaveAttribute('data-state', 'approved');
  });
  await desk.close();

  await test.step('both phones and the server show the same', async () => {
    await wang.sendAll();
    await li.sendAll();
    for (const worker of [wang, li]) {
      await worker.workspace('housing');
      await worker.openRecord(shared.title);
      await expect(worker.page.getByTestId('fact-lessor_phone')).toContainText('13911110002');
      await expect(worker.page.getByTestId('fact-lessor_name')).toContainText('何建国');
      await expect(worker.page.getByTestId('fact-rooms_let')).toContainText('1');
      await worker.openRecord('柳林路88号 甲');
      await expect(worker.page.getByTestId('fact-area_m2')).toContainText('76');
      await expect(
        worker.page.getByTestId('related-tenancy').locator('[data-test^="entity-"]'),
      ).toHaveCount(3);
      await worker.workspace('health');
      for (const client of ['张小梅甲', '刘春燕乙']) await worker.openRecord(client);
    }
    expect(counted().submissions - before.submissions, 'ten visits and one correction').toBe(11);
    expect(shownOnServer(shared.id, ['lessor_phone', 'lessor_name', 'rooms_let'])).toEqual([
      '13911110002',
      '何建国',
      '1',
    ]);
    const [last, stored] = [counted(), after.submissions - before.submissions];
    const seconds = Math.round((Date.now() - began) / 1000);
    await mkdir(test.info().project.outputDir, { recursive: true });
    await writeFile(
      join(test.info().project.outputDir, 'doorstep.txt'),
      `phones=2 visits=10 stored=${stored} conflicts=${after.conflicts - before.conflicts} settled=${after.conflicts - last.conflicts} corrected=${last.submissions - after.submissions} seconds=${seconds}\n`,
    );
  });

  await test.step('张小梅甲 takes her consent back: on neither phone anything opens for her any more', async () => {
    await wang.workspace('health');
    await wang.openRecord('张小梅甲');
    await wang.page.getByTestId('withdraw').click();
    await wang.page.getByTestId('confirm-yes').click();
    await expect(wang.page.getByTestId('withdrawn')).toBeVisible();
    await wang.sendAll();
    await li.sendAll();
    await li.workspace('health');
    await li.openRecord('张小梅甲');
    await expect(li.page.getByTestId('quiet-preg_followup')).toBeVisible();
    await expect(li.page.getByTestId('start-form-preg_followup')).toHaveCount(0);
    await li.workspace('health');
    await li.startForm('preg_followup');
    await li.fill({ 'g_visit/visit_mode': 'home', 'g_visit/person_id': '张小梅甲' });
    await expect(li.page.getByTestId('consent-stop')).toHaveAttribute('data-state', 'declined');
    await expect(li.page.getByTestId('finish')).toBeHidden();
  });
});

/** Consent, pregnancy, contraception, a rented flat with three residents, and a change to a known dwelling. */
async function day(
  worker: Worker,
  client: string,
  unit: string,
  dwelling: string,
  changes: Record<string, string>,
) {
  const name = client + unit;
  await worker.workspace('health');
  await worker.startForm('consent_record');
  await worker.fill(consent(name, '13800001111'));
  await worker.finish();
  await worker.startForm('preg_followup');
  await worker.fill(firstPregnancyVisit(name));
  await worker.finish();
  await worker.startForm('contra_followup');
  await worker.fill(contraceptionVisit(name));
  await worker.finish();
  await housing(worker, unit, dwelling, changes);
}

async function housing(
  worker: Worker,
  unit: string,
  dwelling: string,
  changes: Record<string, string>,
) {
  await worker.workspace('housing');
  await worker.startForm('rental_register');
  await worker.fill(rentedFlat(unit, [`孙一${unit}`, `孙二${unit}`, `孙三${unit}`]));
  await worker.finish();
  await worker.startForm('rental_register');
  await worker.fill(knownDwelling(dwelling, changes));
  await worker.finish();
}

/** A reviewer's browser on a desk's screen. */
async function openDesk(username: string): Promise<{ page: Page; close(): Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), 'fieldapp-desk-'));
  const desk = await launchPhone(profile, {
    width: 1280,
    height: 800,
    isMobile: false,
    hasTouch: false,
  });
  await desk.page.goto(`${server.url}/review`);
  await desk.page.getByTestId('username').fill(username);
  await desk.page.getByTestId('password').fill(PASSWORD);
  await desk.page.getByTestId('login').click();
  await expect(desk.page.getByTestId('logout')).toBeVisible();
  return {
    page: desk.page,
    async close() {
      await desk.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Looks through the village's waiting visits, page by page. */
async function openVisit(page: Page, subject: string): Promise<void> {
  const listed = (query: string) =>
    page.waitForResponse(
      (answer) => answer.url().includes('review/visits?') && answer.url().includes(query),
    );
  await page.getByTestId('tab-review-queue').click();
  await Promise.all([
    listed(`area=${LIULIN}`),
    page.getByTestId('filter-area').selectOption(LIULIN),
  ]);
  const row = page.getByTestId('review-row').filter({ hasText: subject }).first();
  for (let n = 2; !(await shows(row)); n++)
    await Promise.all([listed(`page=${n}`), page.getByTestId('page-on').click()]);
  await row.click();
}

/** Whether it is on the page that is shown, or comes up on it at once. */
const shows = (row: Locator): Promise<boolean> =>
  row.waitFor({ timeout: 2_000 }).then(
    () => true,
    () => false,
  );

// ---- what the server holds, read from its database while it runs -------------------------------

function rows(sql: string, ...values: string[]): Record<string, unknown>[] {
  const database = new DatabaseSync(join(server.home, 'fieldapp.sqlite'), { readOnly: true });
  try {
    return database.prepare(sql).all(...values) as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

function counted(): { submissions: number; quarantined: number; conflicts: number } {
  const number = (sql: string) => Number(rows(sql)[0]?.n);
  return {
    submissions: number(
      "SELECT count(*) AS n FROM submission WHERE form NOT LIKE '\\_%' ESCAPE '\\'",
    ),
    quarantined: number("SELECT count(*) AS n FROM submission WHERE state = 'quarantined'"),
    conflicts: number('SELECT count(*) AS n FROM conflict'),
  };
}

function conflictsOf(entity: string): unknown[] {
  return rows('SELECT reg FROM conflict WHERE entity = ?', entity).map((row) => row.reg);
}

/** Shown values by dwelling and property; they lie sealed, so the server's own code reads them. */
function dwellings(): Record<string, Record<string, string>> {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const env = { ...process.env, FIELDAPP_HOME: server.home };
  const told = execFileSync(at('../../.venv/bin/python'), [at('dwellings.py')], {
    env,
    maxBuffer: 1 << 24,
  });
  return JSON.parse(told.toString('utf8'));
}

function shownOnServer(entity: string, properties: string[]): unknown[] {
  const found = dwellings()[entity];
  return properties.map((property) => found?.[property]);
}

/** A dwelling of the village with one landlord's name and phone and no open conflict. */
function sharedDwelling(): { id: string; title: string } {
  const known = dwellings();
  const [id] = rows(
    `SELECT id FROM entity WHERE type = 'dwelling' AND areas = ?
     AND id NOT IN (SELECT entity FROM conflict) ORDER BY id`,
    JSON.stringify([LIULIN]),
  )
    .map((row) => String(row.id))
    .filter((one) =>
      ['lessor_phone', 'lessor_name', 'rooms_let'].every((property) => known[one]?.[property]),
    );
  if (!id) throw new Error('the demo village has no known landlord');
  return { id, title: `${known[id]?.address} ${known[id]?.unit_no}` };
}
