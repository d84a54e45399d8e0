/** The gentle warning in free text knows what refuses forms: tests/contract/never.json. */
import { describe, expect, it } from 'vitest';
import { careful } from '@/forms/careful';
import { contract } from './contract';

const { refused, innocent } = contract<{ refused: [string, string][]; innocent: string[] }>(
  'never',
);

it.each(refused)('%s', (text, why) => {
  expect(careful(text).map((one) => one.why.en)).toContain(why);
});
it.each(innocent)('nothing about %s', (text) => {
  expect(careful(text)).toEqual([]);
});

describe('in a remark', () => {
  it('names the word as it was written', () => {
    const [found] = careful('她说上次是因为流产原因没去，现在都好');
    expect(found).toMatchObject({ kind: 'never', word: '流产原因' });
  });
  it.each([
    ['身份证 3799 0119 9005 0100 12', 'id', '379901199005010012'],
    ['她姐姐的电话是138-0000-1234', 'phone', '13800001234'],
    ['末位是11010519491231002Ｘ', 'id', '11010519491231002x'],
  ])('%s', (text, kind, word) => {
    expect(careful(text)).toMatchObject([{ kind, word }]);
  });
  it.each(['区划379901001001', '编号12345678901234567890', '2026年11月2日', '血压120/80'])(
    'nothing about %s',
    (text) => {
      expect(careful(text)).toEqual([]);
    },
  );
});
