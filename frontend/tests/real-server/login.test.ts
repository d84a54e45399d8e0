// @vitest-environment jsdom
/** 赵强 logs in on a phone with a password that was given to him, and a code of his second factor. */
import { mount } from '@vue/test-utils';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { i18n } from '@/i18n';
import LoginForm from '@/screens/field/LoginForm.vue';
import { clientKey } from '@/ui/client';
import { codeOf } from './authenticator';
import { passwordOf, type Server, startServer, TestPhone } from './phone';

const GIVEN = 'sieben graue Gänse';
const OWN = 'vier rote Regenschirme';

let server: Server;
beforeAll(async () => {
  server = await startServer();
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

test('a code counts once: after he chose his own password the next one is asked for', async () => {
  const [first, second] = await given();
  const phone = new TestPhone(server.url);
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (to: string, init: RequestInit) =>
    to.startsWith('/') ? phone.send(to, init) : fetch(to, init),
  );
  const client = await phone.open();
  const form = mount(LoginForm, {
    global: { plugins: [i18n], provide: { [clientKey as symbol]: client } },
  });
  const at = (name: string) => form.find(`[data-test="${name}"]`);
  const appears = (name: string) =>
    vi.waitFor(() => expect(at(name).exists()).toBe(true), { timeout: 20_000 });
  await at('login-user').setValue('zhao');
  await at('login-pass').setValue(GIVEN);
  await form.find('form').trigger('submit');
  await appears('login-code');
  expect(at('login-error').classes()).not.toContain('bad');
  await at('login-code').setValue(first);
  await form.find('form').trigger('submit');
  await appears('first-new');
  for (const field of ['first-new', 'first-again']) await at(field).setValue(OWN);
  await at('first-password').trigger('submit');
  await appears('login-code');
  // The one that counted already counts no more.
  for (const code of [first, second]) {
    await vi.waitFor(() => expect(at('login-submit').attributes('disabled')).toBeUndefined());
    await at('login-code').setValue(code);
    await form.find('form').trigger('submit');
    await vi.waitFor(() => expect((at('login-code').element as HTMLInputElement).value).toBe(''), {
      timeout: 20_000,
    });
  }
  await vi.waitFor(() => expect(form.emitted('done')).toHaveLength(1), { timeout: 20_000 });
  // Each step has a heading of its own.
  expect(form.emitted('step')).toEqual([['code'], ['other'], ['code']]);
});
