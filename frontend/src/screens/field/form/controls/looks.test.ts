/** What an appearance makes of a question on a narrow phone. */
import { describe, expect, test } from 'vitest';
import type { FormNode, NodeView } from '@/protocol/types';
import { type ControlKind, controlKind } from './kinds';
import { lookOf } from './layout';
import { stepsOf } from './steps';

function view(over: Partial<NodeView>): NodeView {
  return {
    ...{
      path: 'q',
      node: 1,
      kind: 'leaf',
      label: '',
      hint: '',
      guidance: '',
      value: '',
      children: [],
    },
    ...{ relevant: true, required: false, readonly: false },
    ...{ prefilled: false, touched: false, kept: false },
    ...over,
  };
}
const options = (...labels: string[]) => labels.map((label, at) => ({ value: `${at}`, label }));
const kind = (over: Partial<NodeView>, node: Partial<FormNode> = {}): ControlKind =>
  controlKind(view(over), { n: 'q', p: 0, k: 'leaf', ...node });

describe('which control asks', () => {
  const towns = (length: number) => options(...Array.from({ length }, (_, at) => `镇${at}`));
  const [long, endless] = [towns(13), towns(31)];
  test.each<[ControlKind, Partial<NodeView>, Partial<FormNode>]>([
    ['photo', { control: 'upload', appearance: 'new' }, { mime: 'image/*' }],
    ['drawing', { control: 'upload', appearance: 'signature' }, { mime: 'image/*' }],
    ['drawing', { control: 'upload', appearance: 'annotate' }, { mime: 'image/*' }],
    ['sound', { control: 'upload' }, { mime: 'audio/*' }],
    ['file', { control: 'upload' }, { mime: 'video/*' }],
    ['file', { control: 'upload' }, { mime: '.pdf,.docx' }],
    ['trace', { control: 'input', type: 'geoshape' }, {}],
    ['geopoint', { control: 'input', type: 'geopoint', appearance: 'placement-map' }, {}],
    ['bearing', { control: 'input', type: 'decimal', appearance: 'bearing' }, {}],
    ['date', { control: 'input', type: 'date', appearance: 'ethiopian' }, {}],
    ['text', { control: 'input', type: 'string', appearance: 'ex:org.app.survey(a=1)' }, {}],
    ['rating', { control: 'range', appearance: 'rating' }, {}],
    ['range', { control: 'range', appearance: 'vertical' }, {}],
    ['one', { control: 'select1', options: options('是', '否') }, {}],
    ['pick', { control: 'select1', appearance: 'minimal', options: options('是', '否') }, {}],
    ['pick', { control: 'select1', options: long }, {}],
    ['many', { control: 'select', options: long }, {}],
    ['pick', { control: 'select', options: endless }, {}],
    ['many', { control: 'select', options: options('是', '否') }, {}],
    ['labels', { control: 'select1', appearance: 'label', options: options('是', '否') }, {}],
    ['unsupported', { control: 'input', type: 'boolean' }, {}],
  ])('%s: %j', (expected, over, node) => {
    expect(kind(over, node)).toBe(expected);
  });
});

describe('how choices are laid out', () => {
  const five = options('非常不同意', '不同意', '一般', '同意', '非常同意');
  const six = options('一', '二', '三', '四', '五', '六');
  test('short ones two by two, longer ones one below the other', () => {
    expect(lookOf(undefined, options('是', '否')).columns).toBe(2);
    expect(lookOf(undefined, options('是', '不清楚，要再问')).columns).toBe(1);
  });
  test('those with a recording one below the other, whatever is asked: its player needs the width', () => {
    const wide = { columns: 1, narrow: false };
    expect(lookOf(undefined, options('是', '否'), false, true)).toMatchObject(wide);
    expect(lookOf('columns-3', five, false, true)).toMatchObject(wide);
  });
  test('a scale in one line as long as thumbs fit', () => {
    expect(lookOf('likert', five)).toMatchObject({ columns: 5, narrow: true, labels: true });
    expect(lookOf('likert', six).columns).toBe(2);
  });
  test('columns as asked, but never narrower than a thumb', () => {
    expect(lookOf('columns-3', five).columns).toBe(3);
    expect(lookOf('columns-9', five).columns).toBe(4);
    expect(lookOf('columns-0', five).columns).toBe(1);
    expect(lookOf('compact-2 no-buttons', five)).toMatchObject({ columns: 2, marks: false });
    expect(lookOf('columns-pack', five).columns).toBe(0);
    expect(lookOf('columns', five).columns).toBe(3);
  });
  test('no word is torn in two: a scale becomes a list, columns become fewer', () => {
    const english = options('Strongly disagree', 'Disagree', 'Neutral', 'Agree', 'Strongly agree');
    expect(lookOf('likert', english)).toMatchObject({ columns: 1, narrow: false });
    const scale = options('Bad', 'Neutral', 'Good');
    expect(lookOf('likert', scale).columns).toBe(3);
    const tools = options('Lamp', 'Extinguisher');
    expect(lookOf('columns-3', tools).columns).toBe(3);
    expect(lookOf('columns-3', tools, false, false, true).columns).toBe(1);
    expect(lookOf('columns-2', tools).columns).toBe(1);
  });
  test('labels are left out only below a head that has them', () => {
    expect(lookOf('list-nolabel', five, true)).toMatchObject({ columns: 5, labels: false });
    expect(lookOf('list-nolabel', five, false).labels).toBe(true);
    expect(lookOf('list', five, true).labels).toBe(true);
  });
});

test('the numbers of a range go up or down, without the noise of fractions', () => {
  expect(stepsOf(1, 5, 1)).toEqual(['1', '2', '3', '4', '5']);
  expect(stepsOf(0, 0.3, 0.1)).toEqual(['0', '0.1', '0.2', '0.3']);
  expect(stepsOf(10, 4, 3)).toEqual(['10', '7', '4']);
  expect(stepsOf(0, 5, 0)).toHaveLength(6);
  expect(stepsOf(0, 1e9, 1)).toHaveLength(1001);
});
