/** Files that come with a form, on the way to a phone and on it: lists at once, pictures after, each for as long as needed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '@/crypto/bytes';
import { createSession } from '@/forms/session';
import type { Client, FormDefinition } from '@/protocol/types';
import {
  enrolled,
  fill,
  LIULIN,
  noSignal,
  PIN,
  passwordOf,
  type Server,
  startServer,
  synced,
  TestPhone,
} from './phone';

const FIELDAPP = fileURLToPath(new URL('../../../.venv/bin/fieldapp', import.meta.url));
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const CLINICS = 5000;

const home = mkdtempSync(join(tmpdir(), 'fieldapp-files-'));
let server: Server;
beforeAll(async () => {
  server = await startServer(home);
  publish('1', CLINICS);
});
afterAll(() => server.stop());

/** The form `doors` with a picture and a list of so many clinics. */
function publish(version: string, clinics: number, picture: Uint8Array = PICTURE): void {
  const folder = mkdtempSync(join(tmpdir(), 'fieldapp-form-'));
  const form = join(folder, 'doors.md');
  writeFileSync(
    form,
    `| survey | | | | | | |
| | type | name | label::中文(zh) | media::image::中文(zh) | choice_filter | calculation |
| | text | street | 哪条街 | door.png | | |
| | select_one_from_file clinics.csv | clinic | 哪个卫生室 | | street = \${street} | |
| | calculate | beds | | | | pulldata('clinics', 'beds', 'name', \${clinic}) |
| settings | | |
| | form_title | form_id | version |
| | 门 | doors | ${version} |
`,
  );
  writeFileSync(join(folder, 'door.png'), picture);
  const rows = Array.from({ length: clinics }, (_, i) => `c${i},卫生室${i},街${i % 50},${i % 7}`);
  writeFileSync(
    join(folder, 'clinics.csv'),
    `\ufeffname,label,street,beds\r\n${rows.join('\r\n')}`,
  );
  const args = ['forms', 'publish', form, '--program', 'rental', '--files', folder];
  execFileSync(FIELDAPP, args, { env: { ...process.env, FIELDAPP_HOME: home } });
}

/** What choosing by street offers, and what is looked up of the last. */
function offered(client: Client, def: FormDefinition): [number, string] {
  const session = createSession(def, client.host(def.scope, def), { lang: 'zh' });
  session.set('street', '街7');
  const options = session.view('clinic').options ?? [];
  session.set('clinic', options[options.length - 1]?.value ?? '');
  return [options.length, String(session.finish().beds ?? '')];
}

const picture = async (client: Client, def: FormDefinition) => {
  const file = def.files?.['door.png'];
  const blob = file && (await client.formFile(file));
  return blob && Buffer.from(await blob.arrayBuffer());
};

test('王芳 has the list with the form, and the picture, without signal and after a restart', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  await synced(wang);
  phone.weather = noSignal;
  const def = await wang.definition('doors');
  expect(offered(wang, def)).toEqual([CLINICS / 50, '1']);
  expect(await picture(wang, def)).toEqual(PICTURE);

  const again = await phone.restart();
  expect(await again.unlock(PIN)).toBe(true);
  const reopened = await again.definition('doors');
  expect(offered(again, reopened)).toEqual([CLINICS / 50, '1']);
  expect(await picture(again, reopened)).toEqual(PICTURE);
});

test('a form whose list did not come whole is not offered; a picture that did not come keeps nothing back', async () => {
  const [other, client] = await enrolled(server.url, 'li');
  other.weather = async (path, init, next) => {
    const answer = await next(path, init);
    return path.includes('/files/') ? new Response('<html>portal</html>', { status: 200 }) : answer;
  };
  publish('2', 100);
  await synced(client);
  expect(client.catalogue().forms.find(({ id }) => id === 'doors')?.version).toBe('1');
  expect(client.sync().error).not.toBeNull();

  other.weather = async (path, init, next) => {
    const answer = await next(path, init);
    const isPicture =
      path.includes('/files/') && answer.headers.get('Content-Type') === 'image/png';
    return isPicture ? new Response('<html>portal</html>', { status: 200 }) : answer;
  };
  await synced(client);
  const def = await client.definition('doors');
  expect(def.version).toBe('2');
  expect(offered(client, def)).toEqual([2, '1']);
});

test('a draft keeps its version with its list until it is gone; then the list goes too', async () => {
  const [, wang] = await enrolled(server.url, 'wang');
  await synced(wang);
  const old = await wang.definition('doors');
  const id = newId();
  const session = createSession(old, wang.host(old.scope, old), { lang: 'zh' });
  session.set('street', '街7');
  await wang.saveDraft({
    ...{ id, form: old.id, version: old.version, scope: old.scope, title: '门', area: LIULIN },
    ...{ corrects: null, updated: new Date().toISOString(), draft: session.snapshot() },
  });
  const before = offered(wang, old);
  publish('3', 300);
  await synced(wang);
  const now = await wang.definition('doors');
  expect(now.version).toBe('3');
  expect(offered(wang, now)).toEqual([6, '5']);
  expect(offered(wang, await wang.definition('doors', old.version))).toEqual(before);

  await wang.removeDraft(id);
  await synced(wang);
  expect(await picture(wang, old)).toEqual(PICTURE); // the new version shows the same one
  const list = old.files?.['clinics.csv'];
  expect(list && (await wang.formFile(list))).toBeUndefined();
});

test('a visit that comes back in an old version is corrected with the list of that version', async () => {
  const [phone, wang] = await enrolled(server.url, 'wang');
  const old = await wang.definition('doors');
  const sid = await wang.finish(await fill(wang, 'doors', { street: '街7', clinic: 'c57' }));
  publish('4', 200);
  await synced(wang);
  const list = old.files?.['clinics.csv'];
  expect(list && (await wang.formFile(list))).toBeUndefined();

  await returnVisit(sid);
  await synced(wang);
  phone.weather = noSignal;
  const [task] = wang.returned();
  expect(task?.fv).toBe(old.version);
  const def = await wang.definition('doors', old.version);
  const draft = { answers: task?.answers ?? {}, touched: [], correcting: true };
  const session = createSession(def, wang.host(def.scope, def), { draft, lang: 'zh' });
  expect(session.view('clinic').options).toHaveLength(6);
  expect(session.view('clinic').value).toBe('c57');
});

/** No answer to a request for a file of this kind until whoever asked gives up; resolves when the first was asked for. */
function stuck(phone: TestPhone, type: string): Promise<void> {
  return new Promise((resolve) => {
    phone.weather = async (path, init, next) => {
      const answer = await next(path, init);
      const { headers } = answer;
      if (!path.includes('/files/') || headers.get('Content-Type') !== type) return answer;
      resolve();
      return new Promise((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      });
    };
  });
}

test.each([
  ['5', 'image/png', 'files'],
  ['6', 'application/json', 'forms'],
])(
  'a visit finished while a file of version %s (%s) is on its slow way is sent before it',
  async (version, type, step) => {
    const [phone, li] = await enrolled(server.url, 'li');
    await synced(li);
    publish(version, 40 + Number(version), Buffer.concat([PICTURE, Buffer.from(version)]));
    const asked = stuck(phone, type);
    const syncing = li.syncNow();
    await asked;
    expect(li.sync().step).toBe(step);
    const sid = await li.finish(await fill(li, 'doors', { street: '街7', clinic: 'c7' }));
    await expect.poll(() => li.outbox().find(({ id }) => id === sid)?.state).toBe('sent');

    await asked;
    phone.weather = (path, init, next) => next(path, init);
    await li.finish(await fill(li, 'doors', { street: '街7', clinic: 'c7' }));
    await syncing;
    const def = await li.definition('doors');
    expect(def.version).toBe(version);
    expect((await picture(li, def))?.length).toBe(PICTURE.length + 1);
  },
);

/** 赵强 sends it back. */
async function returnVisit(sid: string): Promise<void> {
  const browser = new TestPhone(server.url);
  const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
  const send = async (path: string, body: unknown) => {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await browser.send(path, init);
    if (!answer.ok) throw new Error(await answer.text());
  };
  await send('/api/session', { username: 'zhao', password: passwordOf('zhao') });
  const notes = [{ path: 'clinic', text: '请核对' }];
  await send(`/api/review/visits/${sid}/decision`, { state: 'returned', seen: 'received', notes });
}
