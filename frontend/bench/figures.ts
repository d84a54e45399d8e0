/** Medians with their spread, the goals they are held to, and how both are written. Pure. */

export interface Figure {
  median: number;
  least: number;
  most: number;
  runs: number;
}

export interface Goal {
  key: string;
  value: number;
  limit: number;
  /** `most`: at most the limit; `least`: at least. */
  kind: 'most' | 'least';
}

export function figureOf(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return {
    median: (low + high) / 2,
    least: sorted[0] ?? 0,
    most: sorted[sorted.length - 1] ?? 0,
    runs: sorted.length,
  };
}

export const isMet = ({ value, limit, kind }: Goal): boolean =>
  kind === 'most' ? value <= limit : value >= limit;

const round = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** `281 (262–330, 7 runs)` */
export function written({ median, least, most, runs }: Figure): string {
  return `${round(median)} (${round(least)}–${round(most)}, ${runs} runs)`;
}

export function writtenGoal(goal: Goal): string {
  const sign = goal.kind === 'most' ? '≤' : '≥';
  return `${isMet(goal) ? 'met   ' : 'MISSED'} ${goal.key} ${round(goal.value)} ${sign} ${goal.limit}`;
}

/** `open_30=281 settle_30=18 …` */
export function asKeys(goals: readonly Goal[]): string {
  return goals.map(({ key, value }) => `${key}=${round(value)}`).join(' ');
}
