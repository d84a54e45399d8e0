// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nextTick, shallowRef, watchEffect } from 'vue';
import { createSession } from '@/forms/session';
import { i18n } from '@/i18n';
import type {
  EntityView,
  FormDefinition,
  FormNode,
  NodeView,
  Program,
  Registry,
  RegistryItem,
} from '@/protocol/types';
import { asked } from '@/ui/confirm';
import { saveTargets } from './conflict';
import FormRows from './FormRows.vue';
import { idleQueue } from './idle';
import { portionsOf, progressOf, type Row, rowsOf, screensOf, screenWith } from './rows';
import { createFormStore, type FormContext, formKey } from './store';

const yn = {
  yn: [
    { v: '1', l: ['是'] },
    { v: '0', l: ['否'] },
  ],
  slot: ['1', '2', '3'].map((v) => ({ v, l: [`第${v}次`] })),
};

/** Nodes of a small follow-up; `p` counts from the root at 0. */
const NODES: FormNode[] = [
  { n: 'data', p: -1, k: 'group' },
  { n: 'g_visit', p: 0, k: 'group', l: ['访视'], ap: 'field-list' },
  {
    n: 'person_id',
    p: 1,
    k: 'leaf',
    t: 'select',
    c: 'select1',
    l: ['服务对象'],
    req: ['f', 'true'],
    items: { inst: 'client', value: 'name', label: 'label' },
  },
  {
    n: 'met',
    p: 1,
    k: 'leaf',
    t: 'select',
    c: 'select1',
    l: ['见到本人？'],
    req: ['f', 'true'],
    items: { list: 'yn' },
  },
  {
    n: 'private_ok',
    p: 1,
    k: 'leaf',
    t: 'select',
    c: 'select1',
    l: ['能单独谈话吗？'],
    rel: ['op', '=', ['r', 3], ['s', '1']],
    items: { list: 'yn' },
  },
  { n: 'g_more', p: 0, k: 'group', l: ['资料'], ap: 'field-list' },
  {
    n: 'phone',
    p: 5,
    k: 'leaf',
    t: 'string',
    c: 'input',
    l: ['手机'],
    con: ['f', 'regex', ['.'], ['s', '^1[3-9][0-9]{9}$']],
    msg: ['手机号是11位'],
  },
  {
    n: 'slots',
    p: 5,
    k: 'leaf',
    t: 'select',
    c: 'select',
    l: ['已完成的产检'],
    items: { list: 'slot' },
  },
  { n: 'weight', p: 5, k: 'leaf', t: 'decimal', c: 'input', l: ['体重'] },
  { n: 'photo', p: 5, k: 'leaf', t: 'boolean', c: 'input', l: ['开关'] },
  { n: 'kids', p: 5, k: 'repeat', l: ['孩子'] },
  { n: 'kid', p: 10, k: 'leaf', t: 'string', c: 'input', l: ['姓名'] },
  { n: 'meta', p: 5, k: 'group' },
  { n: 'entity', p: 12, k: 'group' },
  { n: '@id', p: 13, k: 'leaf', calc: ['r', 2] },
];

const followUp: FormDefinition = {
  id: 'follow',
  version: '1',
  program: 'antenatal',
  scope: 'health',
  title: ['随访'],
  langs: ['zh'],
  nodes: NODES,
  lists: yn,
  external: ['client'],
  actions: [
    {
      on: 'change',
      at: 2,
      set: 6,
      x: [
        'path',
        ['inst', 'client'],
        ['child', 'item', ['op', '=', ['path', ['ctx'], ['child', 'name']], ['r', 2]]],
        ['child', 'phone'],
      ],
    },
  ],
  entities: [{ list: 'client', in: 5, node: 13, saves: [[6, 'phone']] }],
};

const program: Program = {
  id: 'antenatal',
  scope: 'health',
  title: { zh: '孕产' },
  types: {
    client: {
      label: { zh: '服务对象' },
      scope: 'health',
      area: 'area_code',
      title: ['s', ''],
      search: ['phone'],
      props: { phone: { label: { zh: '手机' }, kind: 'one' } },
      computed: {},
    },
  },
  lists: {},
  derive: [],
  schedule: [],
};

function client(id: string, title: string, phones: [string, string][]): EntityView {
  return {
    id,
    type: 'client',
    scope: 'health',
    areas: ['379901001001'],
    title,
    props: { phone: phones[0]?.[0] ?? '' },
    live: {
      phone: phones.map(([v, by], at) => ({
        v,
        by,
        dot: `s:${at}`,
        on: '2026-10-02',
        at: '2026-10-02T01:00:00.000Z',
      })),
    },
    conflicts: phones.length > 1 ? ['phone'] : [],
    pending: false,
  };
}
const CLIENTS = [
  client('mei', '张小梅', [['13800001111', '王芳']]),
  client('liu', '刘春燕', [
    ['13900002222', '王芳'],
    ['13900003333', '李娜'],
  ]),
  ...Array.from({ length: 3000 }, (_, at) =>
    client(`noise${at}`, `村民${at}`, [['13700000000', '李娜']]),
  ),
];
const items = (type: string): RegistryItem[] =>
  type === 'client' ? CLIENTS.map((it) => ({ ...it.props, name: it.id, label: it.title })) : [];
const registry: Registry = {
  get: (id) => CLIENTS.find((it) => it.id === id),
  list: () => CLIENTS,
  find: () => [],
  search: (text) => (text === 'zxm' ? CLIENTS.slice(0, 1) : []),
  items,
};

let stop = () => {};

function open(notes: [string, string[]][] = [], more: Partial<FormDefinition> = {}) {
  const def = { ...followUp, ...more };
  const session = createSession(def, {
    today: () => '2026-11-02',
    now: () => '2026-11-02T09:00:00.000+08:00',
    uuid: () => 'u',
    items,
    meta: { deviceid: 'd', username: 'wang' },
  });
  const store = createFormStore(
    session,
    () => {},
    () => {},
  );
  stop = store.stop;
  const context: FormContext = {
    store,
    def,
    scope: 'health',
    keeping: undefined,
    registry,
    type: (id) => {
      const def = program.types[id];
      return def && { id, def, program };
    },
    targets: saveTargets(def),
    notes: new Map(notes),
    focused: shallowRef(null),
    files: { put: async () => 'a.jpg', get: async () => undefined },
    later: idleQueue(),
    unfinished: new Set(),
  };
  const page = mount(FormRows, {
    props: { rows: rowsOf(session.tree) },
    global: { plugins: [i18n], provide: { [formKey as symbol]: context } },
    attachTo: document.body,
  });
  const at = (name: string) => page.find(`[data-test="${name}"]`);
  const inBody = (name: string) =>
    document.body.querySelector<HTMLElement>(`[data-test="${name}"]`);
  return { session, page, at, inBody, context };
}

beforeEach(() => {
  document.body.innerHTML = '';
});
afterEach(() => stop());

test('a question is asked once the answer before calls for it, and goes again', async () => {
  const { at } = open();
  expect(at('question-g_visit/private_ok').exists()).toBe(false);
  await at('option-g_visit/met-1').find('input').setValue(true);
  expect(at('question-g_visit/private_ok').exists()).toBe(true);
  await at('option-g_visit/met-0').find('input').setValue(true);
  expect(at('question-g_visit/private_ok').exists()).toBe(false);
});

test('several choices are kept in the order of the list, however they were ticked', async () => {
  const { at, session } = open();
  await at('option-g_more/slots-3').find('input').setValue(true);
  await at('option-g_more/slots-1').find('input').setValue(true);
  expect(session.view('g_more/slots').value).toBe('1 3');
});

test('a phone number half typed is no mistake until 王芳 leaves the field', async () => {
  const { at } = open();
  const field = at('input-g_more/phone');
  await field.trigger('focusin');
  await field.setValue('138');
  expect(at('problem-g_more/phone').exists()).toBe(false);
  await field.trigger('focusout');
  expect(at('problem-g_more/phone').text()).toBe('手机号是11位');
  expect(at('input-g_more/phone').attributes('aria-invalid')).toBe('true');
});

test('full-width digits of a Chinese keyboard are digits', async () => {
  const { at, session } = open();
  await at('input-g_more/weight').setValue('５２。５');
  expect(session.view('g_more/weight').value).toBe('52.5');
});

test('pinyin being composed is not an answer yet', async () => {
  const { at, session, page } = open();
  // Below the first screenful, which is there at once.
  await vi.waitUntil(() => at('add-g_more/kids').exists());
  await at('add-g_more/kids').trigger('click');
  const last = session.view('g_more/kids').children.length - 1;
  const field = page.find<HTMLInputElement>(`[data-test="input-g_more/kids[${last}]/kid"]`);
  field.element.value = 'xiao';
  field.element.dispatchEvent(new InputEvent('input', { isComposing: true }));
  expect(session.view(`g_more/kids[${last}]/kid`).value).toBe('');
  field.element.value = '小明';
  await field.trigger('compositionend');
  expect(session.view(`g_more/kids[${last}]/kid`).value).toBe('小明');
});

test('one of three thousand is found by pinyin, and the list never stands in the page whole', async () => {
  const { at, inBody, session } = open();
  await at('pick-g_visit/person_id').trigger('click');
  expect(document.body.querySelectorAll('.option').length).toBeLessThan(100);
  const search = inBody('pick-search') as HTMLInputElement;
  search.value = 'zxm';
  search.dispatchEvent(new Event('input'));
  await nextTick();
  expect(document.body.querySelectorAll('.option')).toHaveLength(1);
  inBody('option-g_visit/person_id-mei')?.click();
  await nextTick();
  expect(session.view('g_visit/person_id').value).toBe('mei');
  expect(at('pick-g_visit/person_id').text()).toContain('张小梅');
});

test('what was known last time is shown to be confirmed, not retyped', async () => {
  const { at, session } = open();
  session.set('g_visit/person_id', 'mei');
  await nextTick();
  expect(at('question-g_more/phone').text()).toContain('上次：13800001111');
  await at('still-g_more/phone').trigger('click');
  expect(session.view('g_more/phone').touched).toBe(true);
  expect(at('question-g_more/phone').text()).toContain('已确认');
});

test('where two people wrote different numbers, both stand on the question', async () => {
  const { at, session } = open();
  expect(at('conflict-g_more/phone').exists()).toBe(false);
  session.set('g_visit/person_id', 'liu');
  await nextTick();
  const text = at('conflict-g_more/phone').text();
  expect(text).toContain('13900002222');
  expect(text).toContain('王芳');
  expect(text).toContain('13900003333');
  expect(text).toContain('李娜');
});

test('a note of the reviewer stands on its question and on no other', () => {
  const { page, at } = open([['g_more/phone', ['号码少一位']]]);
  expect(at('note-g_more/phone').text()).toContain('号码少一位');
  expect(page.text().split('号码少一位')).toHaveLength(2);
});

test('a kind of question this phone cannot ask says so and stops nothing', async () => {
  const { at, session } = open();
  expect(at('question-g_more/photo').text()).toContain('还不能填');
  await at('input-g_more/weight').setValue('50');
  expect(session.view('g_more/weight').value).toBe('50');
});

test('a child is taken off the list only after a yes', async () => {
  const { at, session } = open();
  // Below the first screenful, which is there at once.
  await vi.waitUntil(() => at('add-g_more/kids').exists());
  await at('add-g_more/kids').trigger('click');
  const before = session.view('g_more/kids').children.length;
  session.set('g_more/kids[0]/kid', '小明');
  await at('remove-g_more/kids[0]').trigger('click');
  asked.value?.answer(false);
  await nextTick();
  expect(session.view('g_more/kids').children).toHaveLength(before);
  await at('remove-g_more/kids[0]').trigger('click');
  asked.value?.answer(true);
  await nextTick();
  await nextTick();
  expect(session.view('g_more/kids').children).toHaveLength(before - 1);
});

/** How often something was told of what is read. */
function hearing(read: () => unknown): () => number {
  let times = -1;
  watchEffect(
    () => {
      read();
      times += 1;
    },
    { flush: 'sync' },
  );
  return () => times;
}

test('an answer touches what it concerns and leaves all else alone, of its own question too', async () => {
  const { at, context } = open();
  const met = context.store.node('g_visit/met');
  const alone = context.store.node('g_visit/private_ok');
  const heard = {
    weight: hearing(() => ({ ...context.store.node('g_more/weight') })),
    answer: hearing(() => met.value),
    words: hearing(() => [met.label, met.options, met.required]),
    asked: hearing(() => alone.relevant),
    unasked: hearing(() => [alone.value, alone.label, alone.options]),
  };
  await at('option-g_visit/met-1').find('input').setValue(true);
  const times = Object.entries(heard).map(([what, count]) => [what, count()]);
  expect(Object.fromEntries(times)).toEqual({
    weight: 0,
    answer: 1,
    words: 0,
    asked: 1,
    unasked: 0,
  });
});

test('what is written gives way to what the form makes of it, even if that is what stood there before', async () => {
  const { at, session } = open([], { actions: [{ on: 'change', at: 8, set: 8, x: ['s', ''] }] });
  await vi.waitUntil(() => at('input-g_more/weight').exists());
  const field = at('input-g_more/weight').element as HTMLInputElement;
  field.value = '50';
  await at('input-g_more/weight').trigger('input');
  expect(session.view('g_more/weight').value).toBe('');
  expect(field.value).toBe('');
});

test('asking for a question brings the keyboard to it', async () => {
  const { context } = open();
  context.focused.value = { path: 'g_more/weight' };
  await nextTick();
  expect(document.activeElement?.getAttribute('data-test')).toBe('input-g_more/weight');
});

test('each field-list is a screen, and a question inside a repeat is found on its own', () => {
  const { session } = open();
  const screens = screensOf(session.tree);
  expect(screens).toHaveLength(2);
  expect(screenWith(screens, 'g_visit/met')).toBe(0);
  expect(screenWith(screens, 'g_more/kids[0]/kid')).toBe(1);
});

test('progress counts what is asked now', async () => {
  const { session } = open();
  const before = progressOf(session.tree);
  session.set('g_visit/met', '1');
  expect(progressOf(session.tree)).toEqual({ done: before.done + 1, total: before.total + 1 });
});

test('a list of thousands is not made before somebody looks at it', () => {
  let looks = 0;
  const items = (): RegistryItem[] => {
    looks += 1;
    return [];
  };
  const session = createSession(followUp, {
    today: () => '2026-11-02',
    now: () => '2026-11-02T09:00:00.000+08:00',
    uuid: () => 'u',
    items,
    find: () => [],
    meta: { deviceid: 'd', username: 'wang' },
  });
  const nothing = () => undefined;
  const store = createFormStore(session, nothing, nothing);
  const node = store.node('g_visit/person_id');
  session.set('g_visit/person_id', 'x');
  expect(node.value).toBe('x');
  expect(looks).toBe(0);
  expect(node.options).toEqual([]);
  expect(looks).toBe(1);
});

test('a long form comes in portions; what keeps itself in sight stands by itself, a table whole', () => {
  const question = (at: number): Row => ({ kind: 'question', path: `q${at}` });
  const rows = Array.from({ length: 20 }, (_, at) => question(at));
  const table = [question(30), question(31), question(32)];
  const blocks = [...rows.map((row) => [row]), table];
  const looks = new Map([['q11', 'alert']]);
  const view = (path: string) => ({ path, appearance: looks.get(path) }) as NodeView;
  const portions = portionsOf(blocks, view);
  expect(portions.flat()).toEqual(blocks);
  expect(portions.map((portion) => portion.length)).toEqual([3, 3, 3, 2, 1, 3, 3, 3]);
  expect(portions[4]).toEqual([[rows[11]]]);
  expect(portions[7]?.[2]).toBe(table);
});
