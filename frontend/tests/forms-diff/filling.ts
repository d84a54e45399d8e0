/** What the three evaluators are asked alike: to fill in a form and to say what it looks like. */
import type { Answers } from '@/protocol/types';

/** The moment at which every form here is filled in. */
export const NOW = '2026-11-02T09:30:00.000+00:00';
export const TODAY = NOW.slice(0, 10);
export const ZONE = 'UTC';
export const ZONE_OFFSET = '+00:00';

/** What can be seen of one instance; what an evaluator doesn't tell is left out. */
export interface Shown {
  relevant: boolean;
  value?: string;
  required?: boolean;
  readonly?: boolean;
  /** What is wrong with the answer as it stands. */
  problem?: 'required' | 'constraint' | 'type' | undefined;
  /** Codes on offer. */
  offers?: string[];
  label?: string;
}

/** By path, as docs/form-definition.md writes it (`people[0]/age`); repeats themselves are left out. */
export type State = Record<string, Shown>;

export type Step =
  | { do: 'set'; path: string; value: string }
  | { do: 'add'; path: string }
  | { do: 'remove'; path: string };

export interface Filling {
  /** Throws if the step isn't possible. */
  take(step: Step): void;
  state(): State;
  /** What would be sent: relevant and not blank. */
  answers(): Promise<Answers>;
}
