/** What was tried, and what came of it. */
export interface Report {
  tried: number;
  /** Ways to see each disagreement again. */
  disagreements: string[];
  /** The rules that excused each of the others. */
  explained: string[][];
}

export interface Count {
  disagreements: number;
  explained: number;
  rules: [string, number][];
}

export const empty = (): Report => ({ tried: 0, disagreements: [], explained: [] });

export function count(reports: readonly Report[]): Count {
  const rules = new Map<string, number>();
  for (const { explained } of reports) {
    for (const rule of new Set(explained.flat())) {
      const times = explained.filter((one) => one.includes(rule)).length;
      rules.set(rule, (rules.get(rule) ?? 0) + times);
    }
  }
  const sum = (of: (report: Report) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    disagreements: sum(({ disagreements }) => disagreements.length),
    explained: sum(({ explained }) => explained.length),
    rules: [...rules].sort(([, a], [, b]) => b - a),
  };
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const RUN = 'node frontend/tests/forms-diff/run.mjs main.ts';

/** A command that shows one of them again. */
export const again = (...words: (string | number)[]): string =>
  [RUN, ...words.map((word) => `'${String(word).replaceAll("'", `'\\''`)}'`)].join(' ');
