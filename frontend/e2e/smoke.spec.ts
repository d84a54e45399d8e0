import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { launchPhone, type Phone } from './browser';

const PAGE = '<!doctype html><meta name="viewport" content="width=device-width"><h1>入户随访</h1>';

const WORKER = `
  self.addEventListener('install', (event) => {
    event.waitUntil(caches.open('shell').then((cache) => cache.add('/')).then(() => skipWaiting()));
  });
  self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  self.addEventListener('fetch', (event) => {
    event.respondWith(fetch(event.request).catch(() => caches.match('/')));
  });
`;

let server: Server;
let url: string;
let profile: string;
let phone: Phone;

test.beforeEach(async () => {
  server = createServer((request, response) => {
    const isWorker = request.url === '/sw.js';
    response.setHeader('content-type', isWorker ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isWorker ? WORKER : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  profile = await mkdtemp(join(tmpdir(), 'fieldapp-phone-'));
  phone = await launchPhone(profile);
});

test.afterEach(async () => {
  await phone.close();
  server.closeAllConnections();
  server.close();
  await rm(profile, { recursive: true, force: true });
});

test('what was written durably is there after the battery falls out', async () => {
  await phone.page.goto(url);
  await write(phone.page, '张三的随访');
  await phone.kill();

  phone = await launchPhone(profile);
  await phone.page.goto(url);
  expect(await read(phone.page)).toEqual(['张三的随访']);
});

test('the page opens with no network after the battery falls out', async () => {
  await phone.page.goto(url);
  await phone.page.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
  });
  await phone.kill();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));

  phone = await launchPhone(profile);
  await phone.page.goto(url);
  await expect(phone.page.getByRole('heading')).toHaveText('入户随访');
});

test('two tabs take turns by a Web Lock', async () => {
  await phone.page.goto(url);
  const second = await phone.context.newPage();
  await second.goto(url);
  await phone.page.evaluate(() => {
    void navigator.locks.request('outbox', () => new Promise<void>(() => {}));
  });
  const isFree = () =>
    second.evaluate(() =>
      navigator.locks.request('outbox', { ifAvailable: true }, async (lock) => lock !== null),
    );
  expect(await isFree()).toBe(false);
  await phone.page.close();
  await expect.poll(isFree).toBe(true);
});

test('the phone is small, Chinese, and shows Chinese', async () => {
  await phone.page.goto(url);
  expect(await phone.page.evaluate(() => [innerWidth, innerHeight])).toEqual([360, 640]);
  expect(await phone.page.evaluate(() => navigator.language)).toBe('zh-CN');
  const [one, two] = await Promise.all(['王', '李'].map((sign) => drawn(phone.page, sign)));
  expect(one, 'a missing glyph looks the same for every sign').not.toBe(two);
});

function write(page: Page, text: string): Promise<void> {
  return page.evaluate(
    (value) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('smoke', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('visits');
        opening.onsuccess = () => {
          const writing = opening.result.transaction('visits', 'readwrite', {
            durability: 'strict',
          });
          writing.objectStore('visits').put(value, 1);
          writing.oncomplete = () => resolve();
          writing.onerror = () => reject(writing.error);
        };
      }),
    text,
  );
}

function read(page: Page): Promise<unknown[]> {
  return page.evaluate(
    () =>
      new Promise<unknown[]>((resolve) => {
        const opening = indexedDB.open('smoke', 1);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('visits').objectStore('visits').getAll();
          reading.onsuccess = () => resolve(reading.result);
        };
      }),
  );
}

function drawn(page: Page, sign: string): Promise<string> {
  return page.evaluate((text) => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    if (pen) {
      pen.font = '48px sans-serif';
      pen.fillText(text, 10, 60);
    }
    return canvas.toDataURL();
  }, sign);
}
