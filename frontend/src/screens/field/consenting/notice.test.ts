/** The packaged notice as it is read out: steps of a title and paragraphs, in two languages and two wordings. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Notice } from '@/protocol/types';
import { isYoung, noticeSteps } from './notice';

const text = (name: string) =>
  readFileSync(
    new URL(`../../../../../fieldapp/programs/consent/notices/2025-1${name}.md`, import.meta.url),
    'utf8',
  );
const NOTICE: Notice = {
  version: '2025-1',
  effective: '2025-01-01',
  grace: 60,
  texts: {
    zh: { full: text('.zh'), simple: text('.simple.zh') },
    en: { full: text('.en'), simple: text('.simple.en') },
  },
};

describe('steps', () => {
  it.each(['full', 'simple'] as const)(
    'of the %s wording are as many in both languages',
    (kind) => {
      const [zh, en] = ['zh', 'en'].map((lang) => noticeSteps([NOTICE], '2025-1', lang, kind));
      expect(zh?.length).toBeGreaterThanOrEqual(5);
      expect(en).toHaveLength(zh?.length ?? 0);
      for (const step of [...(zh ?? []), ...(en ?? [])]) {
        expect(step.title).not.toBe('');
        expect(step.paragraphs.length).toBeGreaterThan(0);
      }
    },
  );
  it('say what for, who sees it, how long, what if not, and how to take it back', () => {
    const said = noticeSteps([NOTICE], '2025-1', 'zh', 'full').map(({ title }) => title);
    for (const word of ['为什么', '谁能看到', '保存多久', '不同意', '撤回'])
      expect(
        said.some((title) => title.includes(word)),
        word,
      ).toBe(true);
  });
  it.each(['full', 'simple'] as const)(
    'of the %s wording name the clinic where there is one',
    (kind) => {
      for (const lang of ['zh', 'en']) {
        const said = (clinic?: { name: string; phone: string }) =>
          noticeSteps([NOTICE], '2025-1', lang, kind, clinic)
            .flatMap(({ paragraphs }) => paragraphs)
            .join('\n');
        const named = said({ name: '柳河镇卫生院', phone: '0632-5550101' });
        expect(named).toContain('柳河镇卫生院');
        expect(named).toContain('0632-5550101');
        for (const text of [said(), named]) expect(text).not.toContain('{');
        expect(said().length).toBeLessThan(named.length);
      }
    },
  );
  it('are those of the newest notice where the version is not on the phone', () => {
    expect(noticeSteps([NOTICE], '2024-1', 'zh', 'full')[0]?.title).toBe('我们是谁，为什么问您');
    expect(noticeSteps([], '2025-1', 'zh', 'full')).toEqual([]);
  });
});

it.each([
  ['2012-11-02', '2026-11-02', false],
  ['2012-11-01', '2026-11-02', true],
  ['2008-11-03', '2026-11-02', true],
  ['2008-11-02', '2026-11-02', false],
  ['', '2026-11-02', false],
])('born %s, on %s: the simple wording %s', (born, today, young) => {
  expect(isYoung(born, today)).toBe(young);
});
