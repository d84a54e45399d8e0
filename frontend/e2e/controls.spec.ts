/** 王芳 with a form that asks everything in every way: photo, signature, voice, a walk, and every look of a choice. */

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { cameraPhoto, tellsOfItself } from './pictures';
import { startServer, type TestServer } from './server';
import { newWorker, type Worker } from './worker';

const PASSWORD = 'xunfang-2026';
const SENSES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

test.describe.configure({ mode: 'serial', timeout: 120_000 });

let server: TestServer;
let wang: Worker;

/** What the page shows of a kept file, byte for byte. */
async function bytesOf(page: Page, question: string, element: 'img' | 'audio'): Promise<Buffer> {
  const shown = page.getByTestId(`question-${question}`).locator(element).first();
  await shown.waitFor();
  const text = await shown.evaluate(async (it) => {
    const blobs = (window as unknown as { kept: Map<string, Blob> }).kept;
    const bytes = new Uint8Array(
      (await blobs.get((it as HTMLImageElement).src)?.arrayBuffer()) ?? new ArrayBuffer(0),
    );
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  return Buffer.from(text, 'base64');
}

/** The page may not fetch what it shows (its policy), so its blobs are noted as they are made. */
async function noteBlobs(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const kept = new Map<string, Blob>();
    Object.assign(window, { kept });
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      const url = make(blob);
      if (blob instanceof Blob) kept.set(url, blob);
      return url;
    };
  });
}

async function stroke(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  const box = await page.getByTestId('pad').boundingBox();
  if (!box) throw new Error('no pad');
  const at = ([x, y]: [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 + 0.1]), { steps: 5 });
  await page.mouse.move(...at(to), { steps: 5 });
  await page.mouse.up();
}

/** Dark pixels of a picture. */
async function ink(page: Page, bytes: Buffer): Promise<number> {
  return page.evaluate(async (base64) => {
    const raw = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([raw]));
    const canvas = Object.assign(document.createElement('canvas'), {
      width: picture.width,
      height: picture.height,
    });
    const context = canvas.getContext('2d');
    context?.drawImage(picture, 0, 0);
    const { data } = context?.getImageData(0, 0, picture.width, picture.height) ?? { data: [] };
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) if ((data[i] ?? 255) < 100) dark += 1;
    return dark;
  }, bytes.toString('base64'));
}

async function inspect(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .options({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((it) => it.html)])).toEqual([]);
}

/** Every choice is at least as large as a thumb. */
async function thumbs(page: Page): Promise<void> {
  const small = await page.locator('main .cells label').evaluateAll((cells) =>
    cells
      .map((cell) => cell.getBoundingClientRect())
      .filter(({ width, height }) => width < 48 || height < 48)
      .map(({ width, height }) => `${width}x${height}`),
  );
  expect(small).toEqual([]);
}

test.beforeAll(async () => {
  test.setTimeout(300_000);
  server = await startServer();
  await server.fieldapp('forms', 'publish', 'e2e/forms/controls.md', '--program', 'rental');
  wang = await newWorker(server.url, { args: SENSES });
  await noteBlobs(wang.page);
  await wang.enrol('wang', PASSWORD);
  await wang.workspace('housing');
  await wang.startForm('all_controls');
});
test.afterAll(async () => {
  await wang?.dispose();
  await server?.dispose();
});

test('a photo keeps neither its place nor its weight, and is turned upright', async () => {
  const { page } = wang;
  const photo = await cameraPhoto(page, 3000, 2000);
  expect(photo.length).toBeGreaterThan(3_000_000);
  expect(tellsOfItself(photo)).toBe(true);
  const file = { name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: photo };
  await page.getByTestId('photo-g_seen/photo').setInputFiles(file);
  const kept = await bytesOf(page, 'g_seen/photo', 'img');
  expect(kept.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  expect(kept.length).toBeLessThanOrEqual(140_000);
  expect(tellsOfItself(kept)).toBe(false);
  const shown = page.getByTestId('question-g_seen/photo').locator('img');
  const size = await shown.evaluate((it: HTMLImageElement) => [it.naturalWidth, it.naturalHeight]);
  expect(size[1]).toBeGreaterThan(size[0] ?? 0);
  expect(Math.max(...size)).toBeLessThanOrEqual(1280);
});

test('the form may ask for fewer pixels, and for the camera only', async () => {
  const { page } = wang;
  await expect(page.getByTestId('album-g_seen/meter')).toHaveCount(0);
  await expect(page.getByTestId('photo-g_seen/meter')).toHaveAttribute('capture', 'environment');
  const buffer = await cameraPhoto(page, 1600, 1200);
  const input = page.getByTestId('photo-g_seen/meter');
  await input.setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer });
  const image = page.getByTestId('question-g_seen/meter').locator('img');
  await expect(image).toBeVisible();
  expect(await image.evaluate((it: HTMLImageElement) => it.naturalHeight)).toBe(640);
  await page.getByTestId('remove-g_seen/meter').click();
  await expect(image).toHaveCount(0);
});

test('a photo this browser cannot read says what to do', async () => {
  const { page } = wang;
  const heic = { name: 'IMG_2.heic', mimeType: 'image/heic', buffer: Buffer.from('ftypheic') };
  await page.getByTestId('photo-g_seen/meter').setInputFiles(heic);
  await expect(page.getByTestId('question-g_seen/meter').getByRole('alert')).toContainText('JPEG');
});

test('a signature survives the phone being turned, and a stroke can be taken back', async () => {
  const { page } = wang;
  await page.getByTestId('draw-g_seen/sign').click();
  await expect(page.getByTestId('pad-done')).toBeDisabled();
  await stroke(page, [0.2, 0.3], [0.8, 0.6]);
  await stroke(page, [0.3, 0.7], [0.6, 0.4]);
  await page.setViewportSize({ width: 640, height: 360 });
  await stroke(page, [0.1, 0.1], [0.9, 0.1]);
  await page.getByTestId('pad-undo').click();
  await inspect(page);
  await page.setViewportSize({ width: 360, height: 640 });
  await page.getByTestId('pad-done').click();
  const kept = await bytesOf(page, 'g_seen/sign', 'img');
  expect(kept.length).toBeLessThanOrEqual(60_000);
  expect(await ink(page, kept)).toBeGreaterThan(500);
});

test('a sketch is gone on with, and damage is marked on a photo', async () => {
  const { page } = wang;
  await page.getByTestId('draw-g_seen/plan').click();
  await stroke(page, [0.2, 0.2], [0.8, 0.2]);
  await page.getByTestId('pad-done').click();
  const once = await ink(page, await bytesOf(page, 'g_seen/plan', 'img'));
  await page.getByTestId('draw-g_seen/plan').click();
  await stroke(page, [0.2, 0.7], [0.8, 0.7]);
  await page.getByTestId('pad-done').click();
  await expect
    .poll(async () => ink(page, await bytesOf(page, 'g_seen/plan', 'img')))
    .toBeGreaterThan(once * 1.5);

  const buffer = await cameraPhoto(page, 800, 600);
  const input = page.getByTestId('photo-g_seen/damage');
  await input.setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer });
  await page.getByTestId('pad-colour-1').click();
  await stroke(page, [0.3, 0.3], [0.6, 0.6]);
  await page.getByTestId('pad-done').click();
  const kept = await bytesOf(page, 'g_seen/damage', 'img');
  expect(kept.length).toBeLessThanOrEqual(60_000);
  expect(tellsOfItself(kept)).toBe(false);
});

test('a voice is recorded and can be heard again', async () => {
  const { page } = wang;
  await page.getByTestId('record-g_seen/voice').click();
  await expect(page.getByRole('timer')).toContainText('0:02');
  await page.getByTestId('stop-g_seen/voice').click();
  const kept = await bytesOf(page, 'g_seen/voice', 'audio');
  expect(kept.length).toBeGreaterThan(1000);
  expect(kept.length).toBeLessThan(30_000);
});

test('going on to the next screen ends a recording and keeps it', async () => {
  const { page } = wang;
  await page.getByTestId('record-g_seen/voice').click();
  await expect(page.getByRole('timer')).toContainText('0:01');
  await page.getByTestId('next').click();
  await page.getByTestId('previous').click();
  const voice = page.getByTestId('question-g_seen/voice');
  await expect(voice.locator('audio')).toBeVisible();
  await expect(voice.getByRole('timer')).toHaveCount(0);
});

test('somebody comes in while she records: what was said is there after the PIN', async () => {
  const { page } = wang;
  await page.getByTestId('remove-g_seen/voice').click();
  await page.getByTestId('record-g_seen/voice').click();
  await expect(page.getByRole('timer')).toContainText('0:01');
  await page.getByTestId('quick-hide').click();
  await page.getByTestId('cover').dblclick();
  await wang.unlock();
  const voice = page.getByTestId('question-g_seen/voice');
  while (await page.getByTestId('next').isVisible()) {
    if (await voice.isVisible()) break;
    await page.getByTestId('next').click();
  }
  await expect(voice.locator('audio')).toBeVisible();
});

test('a film or a file that is too large or of another kind is refused with the reason', async () => {
  const { page } = wang;
  const large = { name: 'a.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(5_100_000) };
  await page.getByTestId('video-g_seen/clip').setInputFiles(large);
  await expect(page.getByTestId('question-g_seen/clip').getByRole('alert')).toContainText('5.0 MB');
  const text = { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('x') };
  await page.getByTestId('upload-g_seen/paper').setInputFiles(text);
  await expect(page.getByTestId('question-g_seen/paper').getByRole('alert')).toBeVisible();
  const pdf = { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') };
  await page.getByTestId('upload-g_seen/paper').setInputFiles(pdf);
  await expect(page.getByTestId('question-g_seen/paper')).toContainText('文件已存下');
  await inspect(page);
});

test('a way and a plot are walked, point by point and by themselves', async () => {
  const { page } = wang;
  const { context } = { context: page.context() };
  await context.grantPermissions(['geolocation']);
  const walkTo = (latitude: number, longitude: number, accuracy = 5) =>
    context.setGeolocation({ latitude, longitude, accuracy });
  await page.getByTestId('next').click();
  await walkTo(36.1, 120.3);
  await page.getByTestId('walk-g_place/way').click();
  await page.getByTestId('point-g_place/way').click();
  await expect(page.getByTestId('question-g_place/way')).toContainText('还差 1 个点');
  await page.getByTestId('pace-g_place/way').selectOption('m10');
  await walkTo(36.1009, 120.3);
  await expect(page.getByTestId('points-g_place/way')).toContainText('2 个点 · 长约 100 米');
  await walkTo(36.10091, 120.3);
  await walkTo(36.2, 120.3, 200);
  await page.waitForTimeout(300);
  await expect(page.getByTestId('points-g_place/way')).toContainText('2 个点');
  await page.getByTestId('pause-g_place/way').click();

  await page.getByTestId('walk-g_place/plot').click();
  for (const [lat, lon] of [
    [36.1, 120.3],
    [36.1009, 120.3],
    [36.1009, 120.3011],
    [36.5, 120.3011],
  ] as const) {
    await walkTo(lat, lon);
    await expect(page.getByTestId('question-g_place/plot')).toContainText('误差约 5 米');
    await page.waitForTimeout(200);
    await page.getByTestId('point-g_place/plot').click();
  }
  await page.getByTestId('undo-g_place/plot').click();
  await page.getByTestId('pause-g_place/plot').click();
  await expect(page.getByTestId('points-g_place/plot')).toContainText('3 个点 · 面积约');
  await expect(page.getByTestId('sketch-g_place/plot')).toBeVisible();
  await inspect(page);
});

test('a position less sure than the form wants says so', async () => {
  const { page } = wang;
  await page.context().setGeolocation({ latitude: 36.1, longitude: 120.3, accuracy: 15 });
  await page.getByTestId('locate-g_place/spot').click();
  await expect(page.getByTestId('question-g_place/spot')).toContainText('误差约 15 米');
  await expect(page.getByTestId('unsure-g_place/spot')).toHaveCount(0);
});

test('a code is read by the camera where the browser can, else typed; a hidden one is not shown', async () => {
  const { page } = wang;
  // The browser of the tests has no detector, as on a computer: there is only the field.
  await expect(page.getByTestId('scan-g_place/code')).toHaveCount(0);
  await page.getByTestId('input-g_place/code').fill('6901234567892');
  await page.evaluate(() => {
    // Reads a code out of the third picture of the camera.
    let looks = 0;
    class BarcodeDetector {
      async detect(video: HTMLVideoElement) {
        looks += 1;
        return looks > 2 && video.videoWidth > 0 ? [{ rawValue: '柳林-0402' }] : [];
      }
    }
    Object.assign(window, { BarcodeDetector });
  });
  await page.getByTestId('previous').click();
  await page.getByTestId('next').click();
  await page.getByTestId('scan-g_place/code').click();
  await expect(page.locator('dialog video')).toBeVisible();
  await expect(page.getByTestId('input-g_place/code')).toHaveValue('柳林-0402');
  await expect(page.locator('dialog')).toHaveCount(0);
  await expect(page.getByTestId('input-g_place/secret_code')).toHaveAttribute('type', 'password');
});

test('text and numbers in every look', async () => {
  const { page } = wang;
  await page.getByTestId('next').click();
  await expect(page.getByTestId('input-g_text/story')).toHaveAttribute('rows', '6');
  await page.getByTestId('input-g_text/rent').fill('1250000');
  await expect(page.getByTestId('grouped-g_text/rent')).toHaveText('1,250,000');
  await page.getByTestId('more-g_text/rooms').click();
  await page.getByTestId('more-g_text/rooms').click();
  await page.getByTestId('less-g_text/rooms').click();
  await expect(page.getByTestId('input-g_text/rooms')).toHaveValue('1');
  await page.getByTestId('input-g_text/since').fill('2024-03');
  await page.getByTestId('input-g_text/built').fill('201');
  await page.getByTestId('input-g_text/built').blur();
  await expect(page.getByTestId('problem-g_text/built')).toBeVisible();
  await page.getByTestId('input-g_text/built').fill('2019');
  await expect(page.getByTestId('problem-g_text/built')).toHaveCount(0);
  await page.getByTestId('star-g_text/stars-4').click();
  await page.getByTestId('input-g_text/floor').selectOption('12');
  await page.getByTestId('input-g_text/site').fill('https://example.org/');
  await expect(page.getByTestId('open-g_text/site')).toHaveAttribute('rel', 'noopener noreferrer');
  await inspect(page);
});

test('choices in every look: a scale, columns, several from a long list by pinyin', async () => {
  const { page } = wang;
  await page.getByTestId('next').click();
  await page.getByTestId('option-g_choice/agree-4').click();
  await page.getByTestId('option-g_choice/lift-1').click();
  await page.getByTestId('option-g_choice/tools-alarm').click();
  await page.getByTestId('option-g_choice/best-other').click();
  await expect(page.getByTestId('option-g_choice/best-other')).toHaveText('其他');
  await expect(page.getByTestId('question-g_choice/best_other')).toContainText('请说明');
  await page.getByTestId('pick-g_choice/towns').click();
  for (const [typed, code] of [
    ['tyz', 't02'],
    ['河', 't05'],
  ] as const) {
    await page.getByTestId('pick-search').fill(typed);
    await expect(page.locator('.option')).toHaveCount(1);
    await page.getByTestId(`option-g_choice/towns-${code}`).click();
  }
  await inspect(page);
  await page.getByTestId('pick-done').click();
  await expect(page.getByTestId('pick-g_choice/towns')).toHaveText('桃源镇、河口镇');
  await thumbs(page);
  await inspect(page);
});

test('a table keeps its head in sight, its cells under the words, and every cell fit for a thumb', async () => {
  const { page } = wang;
  await page.getByTestId('next').click();
  const cell = page.getByTestId('option-g_table/bus-3');
  await cell.click();
  await expect(cell.locator('input')).toBeChecked();
  const head = page.locator('.table .cells').first().locator('span').nth(2);
  const middle = (box: { x: number; width: number } | null) => (box ? box.x + box.width / 2 : 0);
  const off = middle(await head.boundingBox()) - middle(await cell.boundingBox());
  expect(Math.abs(off)).toBeLessThan(8);
  await expect(page.getByRole('radio', { name: '不方便' }).last()).toBeChecked();
  await thumbs(page);
  await inspect(page);
});

test('the battery falls out: pictures, voice and walk are there again', async () => {
  await wang.battery();
  const { page } = wang;
  await noteBlobs(page);
  await page.reload();
  await wang.unlock();
  await wang.workspace('housing');
  await page.getByTestId('draft-item').first().click();
  for (const question of ['photo', 'sign', 'plan', 'damage']) {
    await expect(page.getByTestId(`question-g_seen/${question}`).locator('img')).toBeVisible();
  }
  expect((await bytesOf(page, 'g_seen/photo', 'img')).length).toBeLessThanOrEqual(140_000);
  await expect(page.getByTestId('question-g_seen/voice').locator('audio')).toBeVisible();
  await page.getByTestId('next').click();
  await expect(page.getByTestId('points-g_place/plot')).toContainText('3 个点');
});

test('finishing waits for what is still on its way, and sends names for bytes', async () => {
  const { page } = wang;
  await page.getByTestId('previous').click();
  await page.getByTestId('record-g_seen/voice').click();
  await expect(page.getByRole('timer')).toContainText('0:01');
  while (await page.getByTestId('next').isVisible()) await page.getByTestId('next').click();
  await page.getByTestId('finish').click();
  await expect(page.getByTestId('saved')).toBeVisible();
  await page.getByTestId('saved-today').click();
  await wang.sendAll();
});

test('a microphone that is not allowed says where to allow it', async () => {
  const li = await newWorker(server.url);
  try {
    await li.enrol('li', PASSWORD);
    await li.workspace('housing');
    await li.startForm('all_controls');
    const voice = li.page.getByTestId('question-g_seen/voice');
    await li.page.getByTestId('record-g_seen/voice').click();
    await expect(voice.getByRole('alert')).toContainText('选声音文件');
    await expect(li.page.getByTestId('file-g_seen/voice')).toBeVisible();
  } finally {
    await li.dispose();
  }
});
