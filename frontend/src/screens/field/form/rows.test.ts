/** How rows stand together, what an instance is recognised by, and what counts as asked. */
import { expect, test } from 'vitest';
import type { NodeView } from '@/protocol/types';
import { blocksOf, progressOf, type Row, recognisedBy } from './rows';

function leaf(path: string, over: Partial<NodeView>): NodeView {
  return {
    ...{
      path,
      node: 1,
      kind: 'leaf',
      control: 'input',
      type: 'string',
      label: '',
      hint: '',
      guidance: '',
    },
    ...{ value: '', children: [], relevant: true, required: false, readonly: false },
    ...{ prefilled: false, touched: false, kept: false },
    ...over,
  };
}
const select = (path: string, appearance: string) => leaf(path, { control: 'select1', appearance });
const rows = (views: NodeView[]): Row[] => views.map(({ path }) => ({ kind: 'question', path }));
const at = (views: NodeView[]) => (path: string) =>
  views.find((view) => view.path === path) as NodeView;

test('a head and the rows below it are one table, another head begins the next', () => {
  const views = [
    select('before', ''),
    select('head', 'label'),
    select('water', 'list-nolabel'),
    select('power', 'list-nolabel minimal'),
    select('head2', 'label'),
    select('bus', 'list-nolabel'),
    leaf('after', {}),
    select('alone', 'list-nolabel'),
  ];
  const blocks = blocksOf(rows(views), at(views)).map((block) => block.map(({ path }) => path));
  expect(blocks).toEqual([
    ['before'],
    ['head', 'water', 'power'],
    ['head2', 'bus'],
    ['after'],
    ['alone'],
  ]);
});

test('a child is recognised by words: not by the name of a photo’s file, a place or a secret', () => {
  const options = [
    { value: 'a', label: '灯' },
    { value: 'b', label: '绳' },
  ];
  const views = [
    leaf('photo', { control: 'upload', type: 'binary', value: `${'0'.repeat(64)}.jpg` }),
    leaf('spot', { type: 'geopoint', value: '36.1 120.3 0 5' }),
    leaf('card', { appearance: 'masked', value: '1234' }),
    leaf('tools', { control: 'select', type: 'select', value: 'a b', options }),
    leaf('age', { type: 'int', value: '7' }),
  ];
  expect(recognisedBy(rows(views), at(views), () => undefined)).toBe('灯、绳 · 7');
});

test('the head of a table is nothing to answer', () => {
  const root = leaf('', { kind: 'group' });
  const whole = { ...root, children: [select('head', 'label'), select('water', 'list-nolabel')] };
  expect(progressOf(whole)).toEqual({ done: 0, total: 1 });
});
