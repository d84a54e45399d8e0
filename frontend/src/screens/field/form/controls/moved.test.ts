// @vitest-environment happy-dom
/** Controls that are moved with a finger: a slider, an order. */
import { mount } from '@vue/test-utils';
import { expect, test } from 'vitest';
import type { Component } from 'vue';
import { i18n } from '@/i18n';
import type { FormNode, NodeView } from '@/protocol/types';
import { formKey } from '../store';
import RangeControl from './RangeControl.vue';
import RankControl from './RankControl.vue';

function open(control: Component, node: Partial<FormNode>, over: Partial<NodeView> = {}) {
  const def = { langs: ['zh'], lists: {}, nodes: [{ n: 'q', p: -1, k: 'leaf', ...node }] };
  const view = { path: 'q', node: 0, value: '', readonly: false, required: true, ...over };
  const page = mount(control, {
    props: { view: view as NodeView, ids: { control: 'c', label: 'l', described: undefined } },
    global: { plugins: [i18n], provide: { [formKey as symbol]: { def } } },
  });
  return { page, answers: () => (page.emitted('answer') ?? []).flat() };
}

test.each([
  [[10, 0, -2], '1', '8'],
  [[10, 0, 2], '5', '0'],
  [[0, 0.3, 0.1], '3', '0.3'],
  [[0, 5000, 1], '4000', '4000'],
])('a slider over %j moved to its place %s answers %s', async (range, place, answer) => {
  const { page, answers } = open(RangeControl, { range: range as [number, number, number] });
  await page.find('input').setValue(place);
  expect(answers()).toEqual([answer]);
  await page.setProps({ view: { ...page.props('view'), value: answer } });
  expect(page.find('input').element.value).toBe(place);
});

test('an order that is right as it stands is answered by saying so', async () => {
  const options = ['a', 'b'].map((value) => ({ value, label: value }));
  const { page, answers } = open(RankControl, {}, { options });
  await page.find('[data-test="rank-q-as-shown"]').trigger('click');
  expect(answers()).toEqual(['a b']);
  await page.setProps({ view: { ...page.props('view'), value: 'a b' } });
  expect(page.find('[data-test="rank-q-as-shown"]').exists()).toBe(false);
});
