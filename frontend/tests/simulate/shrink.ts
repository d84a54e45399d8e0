/** The shortest history that still breaks the same thing: steps are left out, in halves, quarters, … one by one. */
import type { History, Step } from './steps';

/** isBroken: whether a history still shows it. most: how many may be tried. */
export async function shrink(
  history: History,
  isBroken: (shorter: History) => Promise<boolean>,
  most = 300,
): Promise<History> {
  let { steps } = history;
  let left = most;
  const works = async (shorter: Step[]) => {
    left -= 1;
    return isBroken({ ...history, steps: shorter });
  };
  for (let size = steps.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < steps.length && left > 0; ) {
      const without = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await works(without)) steps = without;
      else at += size;
    }
  }
  return { ...history, steps };
}
