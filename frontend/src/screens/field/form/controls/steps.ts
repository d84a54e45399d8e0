/** The numbers of a range. Pure. */

/** A list longer than this is no list. */
const MOST = 1000;

/** From `start` to `end`, either of which may be the larger, by `step`; without the noise of binary fractions. */
export function stepsOf(start: number, end: number, step: number): string[] {
  const by = Math.abs(step) * (end < start ? -1 : 1) || 1;
  const count = Math.min(MOST, Math.floor((end - start) / by + 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => String(Number((start + at * by).toFixed(9))));
}
