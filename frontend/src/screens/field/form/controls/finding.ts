/** Finds choices by part of a label or by the initials of its pinyin, the best first. */
import type { Option } from '@/protocol/types';
import { best, type Hay, hayOf, type Initials, needleOf } from '@/store/search';

/** Choices made ready at a time, between the person's own touches. */
const PART = 400;

interface Stack {
  hays: Hay[];
  initials: Initials | null;
}
/** By the list itself: a filter that offers others makes another list. */
const stacks = new WeakMap<readonly Option[], Stack>();

function stackOf(options: readonly Option[], initials: Initials | null, upTo: number): Hay[] {
  let stack = stacks.get(options);
  if (!stack || stack.initials !== initials) {
    stack = { hays: [], initials };
    stacks.set(options, stack);
  }
  for (let at = stack.hays.length; at < Math.min(upTo, options.length); at += 1) {
    stack.hays.push(hayOf([options[at]?.label ?? ''], initials));
  }
  return stack.hays;
}

/** Makes a long list ready a part at a time, so that the first key typed finds fast too. */
export function prepare(options: readonly Option[], initials: Initials | null, from = 0): void {
  stackOf(options, initials, from + PART);
  if (from + PART < options.length) setTimeout(() => prepare(options, initials, from + PART));
}

/** Those that match, in the order of the list among equally good ones; all for a blank. */
export function found(
  options: readonly Option[],
  text: string,
  initials: Initials | null,
): readonly Option[] {
  const needle = needleOf(text);
  if (needle.words.length === 0) return options;
  const hays = stackOf(options, initials, options.length);
  const ranks: Option[][] = [[], [], []];
  options.forEach((option, at) => {
    const hay = hays[at];
    const rank = hay ? best(needle, hay) : null;
    if (rank !== null) ranks[rank]?.push(option);
  });
  return ranks.flat();
}
