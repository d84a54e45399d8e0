/** What authors mark in labels, and what nobody can smuggle in by it. */
import { describe, expect, it } from 'vitest';
import { marked, unmarked } from './marked';

describe('marked', () => {
  it('leaves an ordinary label as it is', () => {
    expect(marked('体重（公斤）')).toEqual(['体重（公斤）']);
    expect(marked('3 * 4 = 12, a_b_c, age < 5 and > 1')).toEqual([
      '3 * 4 = 12, a_b_c, age < 5 and > 1',
    ]);
  });

  it.each([
    ['请**马上**转诊', ['请', { as: 'strong', inside: ['马上'] }, '转诊']],
    [
      '__now__ and _soon_ or *later*',
      [
        { as: 'strong', inside: ['now'] },
        ' and ',
        { as: 'em', inside: ['soon'] },
        ' or ',
        { as: 'em', inside: ['later'] },
      ],
    ],
    ['## 危险信号\n- 出血', [{ as: 'strong', level: 2, inside: ['危险信号'] }, '\n', '• ', '出血']],
    [
      '见[说明](https://example.org/a)',
      ['见', { as: 'a', href: 'https://example.org/a', inside: ['说明'] }],
    ],
    [
      '<span style="color:red">**停**</span>',
      [{ as: 'span', color: 'red', inside: [{ as: 'strong', inside: ['停'] }] }],
    ],
    ['\\*as it is\\*', ['*', 'as it is', '*']],
    ['one<br/>two', ['one', '\n', 'two']],
  ])('%s', (text, pieces) => {
    expect(marked(text)).toEqual(pieces);
  });

  it.each([
    ['[x](javascript:alert(1))', 'x)'],
    ['<span style="color:url(//evil)">x</span>', 'x'],
    ['<script>x</script>', '<script>x</script>'],
    ['<b onclick="x()">y</b>', 'y'],
  ])('gives %s no power', (text, plain) => {
    expect(unmarked(text)).toBe(plain);
    expect(JSON.stringify(marked(text))).not.toMatch(/"(href|color)"/);
  });
});
