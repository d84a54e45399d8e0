/** A history is a list of steps, plain data: any of them can be left out and the rest still means something. */
import { Chance } from '../forms-diff/random';
import type { Fate } from './network';

export const KINDS = ['client', 'preg', 'home', 'tenant'] as const;
export type VisitKind = (typeof KINDS)[number];

/** What makes an item of a push one that can't be taken in. */
export const POISONS = ['unknown_form', 'too_deep', 'too_large', 'apply'] as const;
export type Poison = (typeof POISONS)[number];
export const DESK = ['settle', 'return', 'issue', 'readmit'] as const;

/** d, u: which phone, which person; pick: which of what there is; v: chooses values; t: minutes that pass before. */
export type Step = { t: number } & (
  | { do: 'visit' | 'begin' | 'photo'; d: number; kind: VisitKind; pick: number; v: number }
  | { do: 'end' | 'correct'; d: number; pick: number; v: number }
  | { do: 'poison'; d: number; kind: VisitKind; pick: number; v: number; how: Poison }
  | { do: 'sync'; d: number; at: number; fate: Fate; hold: boolean }
  | { do: 'late'; pick: number }
  | { do: 'crash'; d: number; k: number }
  | { do: 'off' | 'clone' | 'revoke' | 'login'; d: number }
  | { do: 'clock'; d: number; years: number }
  | { do: 'forge'; d: number; pick: number }
  | { do: 'grant'; u: number; pick: number }
  | { do: 'logout'; u: number }
  | { do: 'desk'; u: number; what: (typeof DESK)[number]; pick: number }
  | { do: 'backup' }
  | { do: 'restore'; epoch: boolean }
);

export interface History {
  seed: number;
  /** Whose phones take part. */
  phones: string[];
  steps: Step[];
}

/** Those that were enrolled before any history began. */
export const PHONES = ['wang', 'li', 'chen', 'zhao', 'wang', 'li'];
/** Steps from which on more than three phones are worth their time. */
const LONG = 30;
const FATES: Fate[] = ['lost', 'mute', 'mute', 'twice', 'stale', 'cut', 'portal', 500, 503, 413];

const YEARS = [-50, 50, -1, 1, 0.003, 0];

/** Troubles that not every history has, and how often they come. */
const THEMES = {
  crashes: 0.6,
  clones: 0.3,
  rights: 0.35,
  sessions: 0.15,
  clocks: 0.3,
  poison: 0.25,
  desk: 0.4,
  backups: 0.35,
  restores: 0.5,
  photos: 0.12,
  quarrels: 0.3,
};
export type Theme = keyof typeof THEMES;

/** must: troubles it has in any case. */
export function historyOf(seed: number, length: number, must: readonly Theme[] = []): History {
  const chance = new Chance(seed);
  const count = 2 + chance.below(length < LONG ? 2 : 3);
  const phones = PHONES.slice(chance.below(PHONES.length - count + 1)).slice(0, count);
  const themes = new Set<Theme>();
  for (const theme of Object.keys(THEMES) as Theme[])
    if (chance.happens(THEMES[theme]) || must.includes(theme)) themes.add(theme);
  if (!themes.has('backups')) themes.delete('restores');
  const shares = SHARES.filter(([theme]) => theme === null || themes.has(theme));
  return { seed, phones, steps: chance.times(length, () => step(chance, shares)) };
}

type Make = (chance: Chance, t: number, d: number) => Step;
const SHARES: [Theme | null, number, Make][] = [
  [null, 38, (chance, t, d) => ({ do: 'visit', d, t, ...visit(chance) })],
  [null, 6, (chance, t, d) => ({ do: 'begin', d, t, ...visit(chance) })],
  [null, 8, (chance, t, d) => ({ do: 'end', d, t, ...choice(chance) })],
  [null, 34, sync],
  [null, 4, (chance, t) => ({ do: 'late', t, pick: chance.below(100) })],
  ['crashes', 6, (chance, t, d) => ({ do: 'crash', d, t, k: 1 + chance.below(60) })],
  ['crashes', 2, (_chance, t, d) => ({ do: 'off', d, t })],
  ['clones', 3, (_chance, t, d) => ({ do: 'clone', d, t })],
  ['rights', 5, (chance, t) => ({ do: 'grant', t, u: chance.below(4), pick: chance.below(4) })],
  ['sessions', 2, (chance, t) => ({ do: 'logout', t, u: chance.below(4) })],
  ['sessions', 4, (_chance, t, d) => ({ do: 'login', t, d })],
  ['sessions', 1, (_chance, t, d) => ({ do: 'revoke', t, d })],
  ['clocks', 4, (chance, t, d) => ({ do: 'clock', t, d, years: chance.of(YEARS) })],
  [
    'poison',
    4,
    (chance, t, d) => ({ do: 'poison', d, t, ...visit(chance), how: chance.of(POISONS) }),
  ],
  ['poison', 3, (chance, t, d) => ({ do: 'forge', t, d, pick: chance.below(100) })],
  ['desk', 8, desk],
  ['desk', 4, (chance, t, d) => ({ do: 'correct', t, d, ...choice(chance) })],
  ['backups', 4, (_chance, t) => ({ do: 'backup', t: t + 6 })],
  ['restores', 1.5, (chance, t) => ({ do: 'restore', t, epoch: chance.happens(0.7) })],
  ['quarrels', 24, (chance, t, d) => ({ do: 'visit', d, t, ...quarrel(chance) })],
  ['photos', 5, (chance, t, d) => ({ do: 'photo', d, t, ...visit(chance), kind: 'home' })],
];

function step(chance: Chance, shares: readonly [Theme | null, number, Make][]): Step {
  let at = chance.next() * shares.reduce((sum, [, share]) => sum + share, 0);
  const d = chance.below(12);
  const t = chance.below(8);
  for (const [, share, make] of shares) {
    at -= share;
    if (at < 0) return make(chance, t, d);
  }
  throw new Error('no step');
}

function choice(chance: Chance) {
  return { pick: chance.below(100), v: chance.below(1000) };
}

/** About the first record that everybody knows, and always the same question of it. */
function quarrel(chance: Chance) {
  return { kind: chance.of(['client', 'home'] as const), pick: 9, v: 8 * chance.below(4) };
}

function visit(chance: Chance) {
  return { kind: chance.of(KINDS), ...choice(chance) };
}

function desk(chance: Chance, t: number): Step {
  return { do: 'desk', t, u: chance.below(2), what: chance.of(DESK), pick: chance.below(100) };
}

function sync(chance: Chance, t: number, d: number): Step {
  const fate: Fate = chance.happens(0.4) ? trouble(chance) : 'ok';
  return { do: 'sync', d, t, at: chance.below(4), fate, hold: chance.happens(0.12) };
}

function trouble(chance: Chance): Fate {
  if (chance.happens(0.25)) return { die: 1 + chance.below(16) };
  if (chance.happens(0.12)) return { stumble: 1 + chance.below(16) };
  if (chance.happens(0.15)) return { busy: 10 };
  return chance.of(FATES);
}
