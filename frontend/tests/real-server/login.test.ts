// @vitest-environment jsdom
/** Logging in where more has to be done first: a password of one's own, a second factor. */
import { mount } from '@vue/test-utils';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { i18n } from '@/i18n';
import type { Client } from '@/protocol/types';
import LoginForm from '@/screens/field/LoginForm.vue';
import { clientKey } from '@/ui/client';
import { codeOf } from './authenticator';
import { fair, givePassword } from './hands';
import { enrolled, passwordOf, type Server, startServer, TestPhone } from './phone';

const GIVEN = 'sieben graue Gänse';
const OWN = 'vier rote Regenschirme';

let server: Server;
beforeAll(async () => {
  server = await startServer();
  // The document's surroundings have none.
  const locks = { request: (_name: string, fn: () => unknown) => fn() };
  Object.defineProperty(navigator, 'locks', { value: locks });
});
afterAll(() => server.stop());

function asking(browser: TestPhone) {
  return async (method: string, path: string, body: unknown) => {
    const headers = { 'X-FS-Proto': '1', 'Content-Type': 'application/json' };
    const answer = await browser.send(path, { method, headers, body: JSON.stringify(body) });
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return answer.status === 204 ? {} : answer.json();
  };
}

/** 赵强 has a second factor, and 管理员 gave him another password; his recovery codes. */
async function given(): Promise<string[]> {
  const password = passwordOf('zhao');
  const desk = asking(new TestPhone(server.url));
  const { id } = await desk('POST', '/api/session', { username: 'zhao', password });
  const { secret } = await desk('POST', '/api/own/factor', { password });
  const confirmation = { code: codeOf(secret) };
  const { recovery } = await desk('POST', '/api/own/factor/confirmation', confirmation);
  const admin = asking(new TestPhone(server.url));
  await admin('POST', '/api/session', { username: 'admin', password: passwordOf('admin') });
  await admin('PATCH', `/api/users/${id}`, { password: GIVEN });
  return recovery;
}

/** The form over `client`, whose requests go the phone's way. */
function formOf(phone: TestPhone, client: Client) {
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (to: string, init: RequestInit) =>
    to.startsWith('/') ? phone.send(to, init) : fetch(to, init),
  );
  const form = mount(LoginForm, {
    global: { plugins: [i18n], provide: { [clientKey as symbol]: client } },
  });
  const at = (name: string) => form.find(`[data-test="${name}"]`);
  const patience = { timeout: 20_000 };
  const appears = (name: string) =>
    vi.waitFor(() => expect(at(name).exists()).toBe(true), patience);
  const logIn = async (username: string, password: string) => {
    await at('login-user').setValue(username);
    await at('login-pass').setValue(password);
    await form.find('form').trigger('submit');
  };
  const chooseOwn = async () => {
    await appears('first-new');
    for (const field of ['first-new', 'first-again']) await at(field).setValue(OWN);
    await at('first-password').trigger('submit');
  };
  const enter = async (code = '') => {
    await vi.waitFor(() => expect(at('login-submit').attributes('disabled')).toBeUndefined());
    await at('login-code').setValue(code);
    await form.find('form').trigger('submit');
    const field = () => at('login-code').element as HTMLInputElement;
    await vi.waitFor(() => expect(field().value).toBe(''), patience);
  };
  const isDone = () => vi.waitFor(() => expect(form.emitted('done')).toHaveLength(1), patience);
  return { form, at, appears, logIn, chooseOwn, enter, isDone };
}

test('a code counts once: after he chose his own password the next one is asked for', async () => {
  const [first, second] = await given();
  const phone = new TestPhone(server.url);
  const { form, at, appears, logIn, chooseOwn, enter, isDone } = formOf(phone, await phone.open());
  await logIn('zhao', GIVEN);
  await appears('login-code');
  expect(at('login-error').classes()).not.toContain('bad');
  await at('login-code').setValue(first);
  await form.find('form').trigger('submit');
  await chooseOwn();
  await appears('login-code');
  // The one that counted already counts no more.
  for (const code of [first, second]) await enter(code);
  await isDone();
  // Each step has a heading of its own.
  expect(form.emitted('step')).toEqual([['code'], ['other'], ['code']]);
});

test('given another password while her phone is open, 李娜 chooses her own there and works on', async () => {
  const [phone, li] = await enrolled(server.url, 'li');
  await givePassword(server, li.me().id, GIVEN);
  await li.syncNow();
  expect(li.sync()).toMatchObject({ loginNeeded: true });
  const { logIn, chooseOwn, isDone } = formOf(phone, li);
  await logIn('li', GIVEN);
  await chooseOwn();
  await isDone();
  await li.syncNow();
  expect(li.sync()).toMatchObject({ loginNeeded: false, error: null });
});

test('told to set up a second factor while her phone is open, 陈静 does so there and works on', async () => {
  const [phone, chen] = await enrolled(server.url, 'chen');
  await phone.logOut();
  phone.weather = async (path, init, next) => {
    const answer = await next(path, init);
    if (path !== '/api/session' || !answer.ok) return answer;
    phone.weather = fair;
    return Response.json({ ...(await answer.json()), second_factor: 'required' });
  };
  const { at, appears, logIn, enter, isDone } = formOf(phone, chen);
  await logIn('chen', passwordOf('chen'));
  await appears('factor-code');
  const secret = at('factor-secret').text().replaceAll(' ', '');
  await at('factor-code').setValue(codeOf(secret));
  await at('factor-confirm').trigger('submit');
  await appears('factor-recovery');
  const recovery = at('factor-recovery').find('li').text();
  await at('factor-done').trigger('click');
  await appears('login-code');
  await enter(recovery);
  await isDone();
  await chen.syncNow();
  expect(chen.sync()).toMatchObject({ loginNeeded: false, error: null });
});
