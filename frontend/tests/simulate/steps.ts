/** A history is a list of steps, plain data: any of them can be left out and the rest still means something. */
import { Chance } from '../forms-diff/random';
import type { Fate } from './network';

export const KINDS = ['client', 'preg', 'home', 'tenant'] as const;
export type VisitKind = (typeof KINDS)[number];

/** d, u: which phone, which person; pick: which of what there is; v: chooses values; t: minutes that pass before. */
export type Step = { t: number } & (
  | { do: 'visit' | 'begin'; d: number; kind: VisitKind; pick: number; v: number }
  | { do: 'end'; d: number; pick: number; v: number }
  | { do: 'sync'; d: number; at: number; fate: Fate; hold: boolean }
  | { do: 'late'; pick: number }
  | { do: 'crash'; d: number; k: number }
  | { do: 'off' | 'clone'; d: number }
);

export interface History {
  seed: number;
  /** Whose phones take part. */
  phones: string[];
  steps: Step[];
}

/** Those that were enrolled before any history began. */
export const PHONES = ['wang', 'li', 'chen', 'zhao', 'wang', 'li'];
const FATES: Fate[] = ['lost', 'mute', 'mute', 'twice', 'stale', 'cut', 'portal', 500, 503, 413];

export function historyOf(seed: number, length: number): History {
  const chance = new Chance(seed);
  const count = 2 + chance.below(3);
  const phones = PHONES.slice(chance.below(PHONES.length - count + 1)).slice(0, count);
  return { seed, phones, steps: chance.times(length, () => step(chance)) };
}

const SHARES: [number, (chance: Chance, d: number) => Step][] = [
  [28, (chance, d) => ({ do: 'visit', d, t: minutes(chance), ...visit(chance) })],
  [6, (chance, d) => ({ do: 'begin', d, t: minutes(chance), ...visit(chance) })],
  [8, (c, d) => ({ do: 'end', d, t: minutes(c), pick: c.below(100), v: c.below(1000) })],
  [34, sync],
  [4, (chance) => ({ do: 'late', t: minutes(chance), pick: chance.below(100) })],
  [5, (chance, d) => ({ do: 'crash', d, t: 0, k: 1 + chance.below(60) })],
  [2, (_chance, d) => ({ do: 'off', d, t: 1 })],
  [2, (_chance, d) => ({ do: 'clone', d, t: 1 })],
];
const ALL = SHARES.reduce((sum, [share]) => sum + share, 0);

function step(chance: Chance): Step {
  let at = chance.below(ALL);
  const d = chance.below(12);
  for (const [share, make] of SHARES) {
    at -= share;
    if (at < 0) return make(chance, d);
  }
  throw new Error('no step');
}

const minutes = (chance: Chance) => chance.below(8);

function visit(chance: Chance) {
  return { kind: chance.of(KINDS), pick: chance.below(100), v: chance.below(1000) };
}

function sync(chance: Chance, d: number): Step {
  const fate: Fate = chance.happens(0.4) ? trouble(chance) : 'ok';
  return {
    do: 'sync',
    d,
    t: minutes(chance),
    at: chance.below(4),
    fate,
    hold: chance.happens(0.12),
  };
}

function trouble(chance: Chance): Fate {
  if (chance.happens(0.25)) return { die: 1 + chance.below(40) };
  if (chance.happens(0.12)) return { stumble: 1 + chance.below(40) };
  return chance.of(FATES);
}
