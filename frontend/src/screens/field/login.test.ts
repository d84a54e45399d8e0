// @vitest-environment happy-dom
/** 赵强 logs in on a phone with a password that was given to him, and a code of his second factor. */
import { mount } from '@vue/test-utils';
import { expect, test, vi } from 'vitest';
import { i18n } from '@/i18n';
import { type Client, ClientError, type Me } from '@/protocol/types';
import { clientKey } from '@/ui/client';
import LoginForm from './LoginForm.vue';

vi.mock('../review/api', () => ({ post: async () => undefined }));

const ME = { name: '赵强', second_factor: 'on' } as Me;

test('a code counts once: after he chose his own password the next one is asked for', async () => {
  const used: (string | undefined)[] = [];
  const client = {
    async login(_user: string, pass: string, code?: string): Promise<Me> {
      used.push(code);
      if (!code) throw new ClientError('code_required', 'code_required');
      return { ...ME, must_change_password: pass === 'given to him' };
    },
  } as unknown as Client;
  const form = mount(LoginForm, {
    global: { plugins: [i18n], provide: { [clientKey as symbol]: client } },
  });
  const at = (name: string) => form.find(`[data-test="${name}"]`);
  await at('login-user').setValue('zhao');
  await at('login-pass').setValue('given to him');
  await form.find('form').trigger('submit');
  await vi.waitFor(() => expect(at('login-code').exists()).toBe(true));
  expect(at('login-error').classes()).not.toContain('bad');
  await at('login-code').setValue('111111');
  await form.find('form').trigger('submit');
  await vi.waitFor(() => expect(at('first-new').exists()).toBe(true));
  for (const field of ['first-new', 'first-again']) await at(field).setValue('his own one');
  await at('first-password').trigger('submit');
  await vi.waitFor(() => expect(at('login-code').exists()).toBe(true));
  await at('login-code').setValue('222222');
  await form.find('form').trigger('submit');
  await vi.waitFor(() => expect(form.emitted('done')).toHaveLength(1));
  // Each step has a heading of its own.
  expect(form.emitted('step')).toEqual([['code'], ['other'], ['code']]);
  expect(used).toEqual([undefined, '111111', undefined, '222222']);
});
