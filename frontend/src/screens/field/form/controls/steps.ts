/** The numbers of a range: from `start` to `end`, either of which may be the larger, by `step`. Pure. */

/** A list longer than this is no list. */
const MOST = 1000;

const stride = (start: number, end: number, step: number): number =>
  Math.abs(step) * (end < start ? -1 : 1) || 1;

/** The place of the last of them, from 0. */
export const lastOf = (start: number, end: number, step: number): number =>
  Math.floor((end - start) / stride(start, end, step) + 1e-9);

/** The number at a place; without the noise of binary fractions. */
export const stepAt = (start: number, end: number, step: number, place: number): string =>
  String(Number((start + place * stride(start, end, step)).toFixed(9)));

/** The place a number is nearest to. */
export const placeOf = (start: number, end: number, step: number, value: number): number =>
  Math.round((value - start) / stride(start, end, step));

export function stepsOf(start: number, end: number, step: number): string[] {
  const count = Math.min(MOST, lastOf(start, end, step)) + 1;
  return Array.from({ length: count }, (_, place) => stepAt(start, end, step, place));
}
