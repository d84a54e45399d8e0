// @vitest-environment happy-dom
/** A visit kept aside, on the desk's screen: a reason first, and only what was changed is sent. */
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, expect, test, vi } from 'vitest';
import { createMemoryHistory, createRouter } from 'vue-router';
import { i18n } from '@/i18n';
import type { Kept } from './api';
import KeptScreen from './KeptScreen.vue';
import routes from './routes';

const KEPT: Kept = {
  id: 'k1',
  author: '王芳',
  area_name: '柳林村',
  title: '知情同意与登记',
  received: '2026-11-02T04:00:00.000000Z',
  why: 'authz',
  subject: '',
  days_left: null,
  state: 'quarantined',
  n: 7,
  area: '379901001001',
  fv: '2025-1',
  detail: '',
  reading: [
    {
      kind: 'group',
      path: 'g_person',
      label: '本人',
      children: [
        {
          kind: 'answer',
          path: 'g_person/n_name',
          label: '姓名',
          type: 'string',
          value: '张小梅',
          words: '张小梅',
        },
        {
          kind: 'answer',
          path: 'g_person/n_idno',
          label: '证件',
          type: 'string',
          value: '',
          words: '',
          hidden: true,
        },
      ],
    },
  ],
  versions: ['2025-1'],
  areas: [
    { code: '379901001001', name: '柳林村' },
    { code: '379901001002', name: '石桥村' },
  ],
  decisions: [],
  releasable: true,
  repairable: true,
};

afterEach(() => vi.unstubAllGlobals());

/** The screen, and what it sent. answer: to what it sends. */
async function opened(kept: Kept, answer: () => Response) {
  const sent: [string, unknown][] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (init.method === 'GET') return Response.json(path.includes('quarantine') ? kept : {});
    sent.push([path, JSON.parse(String(init.body))]);
    return answer();
  });
  const router = createRouter({ history: createMemoryHistory(), routes });
  const screen = mount(KeptScreen, { props: { id: 'k1' }, global: { plugins: [i18n, router] } });
  await flushPromises();
  const find = (name: string) => screen.find(`[data-test="${name}"]`);
  return { screen, sent, find };
}

test('without a reason nothing can be sent; with one it goes in as it is', async () => {
  const done = { ...KEPT, state: 'stored', releasable: false };
  const { screen, sent, find } = await opened(KEPT, () => Response.json(done));
  expect(screen.text()).toContain('张小梅');
  expect(find('release').attributes('disabled')).toBeDefined();
  await find('kept-reason').setValue('已与王芳核对');
  await find('release').trigger('click');
  await flushPromises();
  expect(sent).toEqual([['/api/review/quarantine/k1/release', { reason: '已与王芳核对' }]]);
  expect(find('kept-done').exists()).toBe(true);
  expect(find('release').exists()).toBe(false);
});

test('put right: only what was changed is sent, and what is hidden can’t be', async () => {
  const refusal = { code: 'still_aside', title: '仍不能登记', detail: '原因：…' };
  const { screen, sent, find } = await opened(KEPT, () => Response.json(refusal, { status: 409 }));
  await find('start-repair').trigger('click');
  expect(find('fix-g_person/n_idno').exists()).toBe(false);
  await find('repair-area').setValue('379901001002');
  await find('kept-reason').setValue('村选错了');
  await find('repair').trigger('click');
  await flushPromises();
  expect(sent).toEqual([
    ['/api/review/quarantine/k1/repair', { reason: '村选错了', answers: {}, area: '379901001002' }],
  ]);
  expect(find('kept-problem').text()).toContain('仍不能登记');
  expect(screen.find('[data-test="fix-g_person/n_name"]').exists()).toBe(true);
});

test('a choice is put right by its label: one, or some of several', async () => {
  const choice = (value: string, label: string) => ({ value, label });
  const answer = { kind: 'answer' as const, type: 'string', hidden: false };
  const sex = {
    ...answer,
    ...{ path: 'g_person/n_sex', label: '性别', value: '1', words: '男', many: false },
    choices: [choice('1', '男'), choice('2', '女')],
  };
  const needs = {
    ...answer,
    ...{ path: 'needs', label: '需要的帮助', value: 'job home', words: '就业、住房', many: true },
    choices: [choice('home', '住房'), choice('school', '入学'), choice('job', '就业')],
  };
  const records = {
    ...answer,
    path: 'who',
    label: '本人',
    value: 'x',
    words: '张小梅',
    choices: [],
  };
  const kept = { ...KEPT, reading: [sex, needs, records] };
  const { screen, sent, find } = await opened(kept, () => Response.json(KEPT));
  await find('start-repair').trigger('click');
  expect(
    find('fix-g_person/n_sex')
      .findAll('option')
      .map((one) => one.text()),
  ).toEqual(['男', '女']);
  expect(screen.find('[data-test="fix-who"]').exists()).toBe(false);
  await find('fix-g_person/n_sex').setValue('2');
  await find('fix-needs-job').trigger('change');
  await find('fix-needs-school').trigger('change');
  await find('kept-reason').setValue('已与王芳核对');
  await find('repair').trigger('click');
  await flushPromises();
  const answers = { 'g_person/n_sex': '2', needs: 'home school' };
  expect(sent).toEqual([['/api/review/quarantine/k1/repair', { reason: '已与王芳核对', answers }]]);
});
