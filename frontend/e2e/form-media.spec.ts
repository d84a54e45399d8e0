/** 王芳 with a form that brings its own pictures, a recording and a list of 5,000 clinics, all of it with no signal. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
const CLINICS = 5000;
const FORM = `| survey |
| | type | name | label::中文(zh) | label::English(en) | media::image::中文(zh) | media::audio::中文(zh) | appearance | choice_filter |
| | begin_group | g | 燃气安全 | Gas safety | | | field-list | |
| | select_one stoves | stove | 家里用哪一种？ | Which one is there? | | ask.wav | | |
| | select_multiple signs | signs | 看到了什么？ | What is there to see? | leak.png | | columns-2 | |
| | select_one streets | street | 哪条街 | Street | | | | |
| | select_one_from_file clinics.csv | clinic | 最近的卫生室 | Nearest clinic | | | | street=\${street} |
| | end_group | | | | | | | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) | media::image::中文(zh) | media::audio::中文(zh) |
| | stoves | bottle | 煤气罐 | Bottle | bottle.png | |
| | stoves | pipe | 管道燃气 | Pipe | pipe.png | ask.wav |
| | stoves | wood | 柴火灶 | Wood | wood.png | |
| | signs | rust | 生锈 | Rust | rust.png | |
| | signs | crack | 软管开裂 | Cracked hose | crack.png | |
| | streets | s0 | 北街 | North | | |
| | streets | s1 | 南街 | South | | |
| settings |
| | form_title | form_id | version |
| | 燃气安全 / Gas safety | gas | 1 |
`;

test.describe.configure({ mode: 'serial', timeout: 180_000 });

let server: TestServer;
let wang: Worker;
let folder: string;

test.beforeAll(async () => {
  test.setTimeout(240_000);
  folder = await mkdtemp(join(tmpdir(), 'fieldapp-gas-'));
  server = await startServer();
  wang = await newWorker(server.url);
  await writeFiles(wang.page);
  const form = join(folder, 'gas.md');
  await writeFile(form, FORM);
  await server.fieldapp('forms', 'publish', form, '--program', 'rental', '--files', folder);
  await wang.enrol('wang', PASSWORD);
  await wang.workspace('housing');
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

test('pictures and recordings stand with their choices, large enough for a thumb, with no signal', async () => {
  const { page } = wang;
  await expect(page.getByTestId('sync-now')).toBeEnabled({ timeout: 60_000 });
  await server.stop();
  await wang.startForm('gas');
  const stove = page.getByTestId('question-g/stove');
  for (const name of ['煤气罐', '管道燃气', '柴火灶'])
    expect(await widthOf(stove.getByRole('img', { name }))).toBeGreaterThan(0);
  await expect(page.getByTestId('media-waiting')).toHaveCount(0);
  const label = stove.locator('audio').first();
  await label.evaluate((it: HTMLAudioElement) => it.play());
  expect(await label.evaluate((it: HTMLAudioElement) => it.duration)).toBeGreaterThan(0.5);
  for (const control of await page.locator('audio').all())
    expect((await control.boundingBox())?.height ?? 0).toBeGreaterThanOrEqual(48);
  await page.getByTestId('option-g/stove-pipe').getByRole('img').click();
  await expect(page.getByTestId('option-g/stove-pipe').locator('input')).toBeChecked();
  await page.getByTestId('option-g/signs-crack').getByRole('img').click();
  await expect(page.getByTestId('option-g/signs-crack').locator('input')).toBeChecked();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await inspect(page);
});

test('one of 5,000 clinics is found by typing, and only those of the street are offered', async () => {
  const { page } = wang;
  await page.getByTestId('option-g/street-s1').click();
  await page.getByTestId('pick-g/clinic').click();
  await page.getByTestId('pick-search').fill('4321');
  await expect(page.locator('[data-test^="option-g/clinic-"]')).toHaveCount(1);
  await page.getByTestId('pick-search').fill('4320');
  await expect(page.locator('[data-test^="option-g/clinic-"]')).toHaveCount(0);
  await page.getByTestId('pick-search').fill('4321');
  await page.getByTestId('option-g/clinic-c4321').click();
  await expect(page.getByTestId('pick-g/clinic')).toContainText('第4321卫生室');
  await inspect(page);
});

test('the visit is sent when there is signal, with the code of the clinic', async () => {
  await wang.finish();
  await server.start();
  await wang.sendAll();
  await wang.page.getByTestId('tab-outbox').click();
  await expect(wang.page.getByTestId('outbox-state').first()).toHaveText(/已送达|已备份/);
});

async function inspect(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .options({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((it) => it.html)])).toEqual([]);
}

async function widthOf(image: ReturnType<Page['locator']>): Promise<number> {
  await expect(image).toBeVisible();
  return image.evaluate((it: HTMLImageElement) => it.naturalWidth);
}

async function writeFiles(page: Page): Promise<void> {
  const pictures = { leak: '漏', bottle: '罐', pipe: '管', wood: '柴', rust: '锈', crack: '裂' };
  for (const [name, sign] of Object.entries(pictures))
    await writeFile(join(folder, `${name}.png`), await drawn(page, sign));
  await writeFile(join(folder, 'ask.wav'), tone());
  const rows = Array.from({ length: CLINICS }, (_, i) => `c${i},第${i}卫生室,s${i % 2}`);
  await writeFile(join(folder, 'clinics.csv'), `name,label,street\n${rows.join('\n')}\n`);
}

/** A sign on a coloured ground, as PNG. */
async function drawn(page: Page, sign: string): Promise<Buffer> {
  const url = await page.evaluate((text) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 320 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.fillStyle = `hsl(${(text.codePointAt(0) ?? 0) % 360} 60% 80%)`;
    context.fillRect(0, 0, 480, 320);
    context.fillStyle = '#222';
    context.font = '200px sans-serif';
    context.fillText(text, 140, 230);
    return canvas.toDataURL('image/png');
  }, sign);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

/** One second of 440 Hz, as WAV: 8 kHz, 8 bits, one channel. */
function tone(): Buffer {
  const rate = 8000;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(rate, 40);
  const wave = Array.from(
    { length: rate },
    (_, i) => 128 + 60 * Math.sin((2 * Math.PI * 440 * i) / rate),
  );
  return Buffer.concat([head, Buffer.from(wave.map(Math.round))]);
}
