import { expect, test } from 'vitest';
import { byTitle } from './order';

test('houses stand in the order of the street, names in that of their sound', () => {
  const sorted = (...titles: string[]) =>
    titles
      .map((title) => ({ title }))
      .sort(byTitle)
      .map(({ title }) => title);
  expect(sorted('文化路64号', '文化路9号', '文化路10号')).toEqual([
    '文化路9号',
    '文化路10号',
    '文化路64号',
  ]);
  expect(sorted('张小梅', '刘春燕', '陈静')).toEqual(['陈静', '刘春燕', '张小梅']);
});
