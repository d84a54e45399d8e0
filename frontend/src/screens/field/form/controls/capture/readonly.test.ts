// @vitest-environment happy-dom
/** What is there to be read only is shown and can't be changed; what isn't on this phone says so. */
import { flushPromises, mount } from '@vue/test-utils';
import { beforeAll, expect, test } from 'vitest';
import { type Component, shallowRef } from 'vue';
import { addMessages, i18n } from '@/i18n';
import type { FormNode, NodeView } from '@/protocol/types';
import { idleQueue } from '../../idle';
import { type FormContext, formKey } from '../../store';
import DrawingControl from './DrawingControl.vue';
import FileControl from './FileControl.vue';
import PhotoControl from './PhotoControl.vue';
import SoundControl from './SoundControl.vue';
import TraceControl from './TraceControl.vue';

const HERE = `${'a'.repeat(64)}.jpg`;
const ELSEWHERE = `${'b'.repeat(64)}.jpg`;

beforeAll(() =>
  addMessages({
    'zh-CN': () => import('@/i18n/capture.zh'),
    en: () => import('@/i18n/capture.en'),
  }),
);

async function shown(control: Component, node: Partial<FormNode>, over: Partial<NodeView>) {
  const view = {
    ...{ path: 'q', node: 0, kind: 'leaf', control: 'upload', type: 'binary', label: '门口' },
    ...{ hint: '', guidance: '', relevant: true, required: false, readonly: true },
    ...{ prefilled: false, touched: false, kept: false, children: [], value: '' },
    ...over,
  };
  const context = {
    def: { nodes: [{ n: 'q', p: -1, k: 'leaf', ...node }] },
    focused: shallowRef(null),
    later: idleQueue(),
    unfinished: new Set(),
    files: {
      put: async () => HERE,
      get: async (name: string) =>
        name === HERE ? { bytes: new Uint8Array(1500), type: 'image/jpeg' } : undefined,
    },
  } as unknown as FormContext;
  const page = mount(control, {
    props: { view, ids: { control: 'q', label: 'q-label', described: undefined } },
    global: { plugins: [i18n], provide: { [formKey as symbol]: context } },
  });
  await flushPromises();
  return page;
}

const TAKES = /拍照|重拍|相册|签名|画图|录音|选|删除|清除|走|记下/;

test.each<[string, Component, string, Partial<NodeView>]>([
  ['photo', PhotoControl, 'image/*', {}],
  ['signature', DrawingControl, 'image/*', { appearance: 'signature' }],
  ['voice', SoundControl, 'audio/*', {}],
  ['film', FileControl, 'video/*', {}],
  ['file', FileControl, '*/*', {}],
])('a %s to be read only is shown and offers nothing', async (_, control, mime, over) => {
  const page = await shown(control, { mime }, { ...over, value: HERE });
  expect(page.find(`[data-test="kept-file-${HERE}"]`).text()).toContain('2 kB');
  expect(page.findAll('button').filter((it) => TAKES.test(it.text()))).toEqual([]);
});

test('a photo of a visit that came back, whose bytes are with the server, can be replaced', async () => {
  const page = await shown(PhotoControl, {}, { value: ELSEWHERE, readonly: false });
  expect(page.text()).toContain('不在这部手机上');
  expect(page.text()).toContain('重拍');
});

test('a walk to be read only has its sketch and its points, and nothing to walk', async () => {
  const value = '36.1 120.3 0 5;36.2 120.3 0 5';
  const page = await shown(TraceControl, {}, { type: 'geotrace', control: 'input', value });
  expect(page.find('[data-test="points-q"]').text()).toContain('已记 2 个点');
  expect(page.find('[data-test="sketch-q"]').exists()).toBe(true);
  expect(page.findAll('button')).toEqual([]);
});
