/**
 * From a finished visit to the submission that is sent: which derived writes are the worker's own, and which shown
 * values each replaces (rule C4 of docs/sync.md: nothing is replaced that wasn't shown). Pure.
 */
import { canonical, type MergeKind, merge } from './merge';
import { registerKey, type Source, type Sources } from './sources';
import type { Derived, DerivedWrite, LiveValue, Op, RegisterValue, Submission } from './types';

/** The phone's copy of a register, shown value first. */
export type Live = readonly LiveValue[];

/** What the phone knew. seen: when the form first met the entity; now: at finishing. */
export interface Known {
  kind(type: string, register: string): MergeKind;
  seen(entity: string, register: string): Live;
  now(entity: string, register: string): Live;
}

/** The submission being corrected: what its answers derive to, and its ops if this phone still has them. */
export interface Original {
  id: string;
  writes: readonly DerivedWrite[];
  /** Those of them that the worker was shown again: all but secrets. */
  shown: readonly DerivedWrite[];
  ops: readonly Op[];
}

export interface OpsInput {
  derived: Derived;
  /** The date the facts are about. */
  on: string;
  sources: Sources;
  known: Known;
  original: Original | null;
}

export type Head = Omit<Submission, 'ops' | 'entities'>;

/** The submission, ready to be written as JSON and never changed again. */
export function buildSubmission(head: Head, input: OpsInput): Submission {
  return { ...head, entities: input.derived.entities, ops: buildOps(input) };
}

/** The ops in derive's order, less what the worker was shown and left; in a correction, also what was taken back. */
export function buildOps(input: OpsInput): Op[] {
  const own = input.derived.writes.flatMap((write) => {
    const old = input.original?.writes.find(sameRegister(write));
    if (old) return same(old.v, write.v) ? [] : [{ ...write, sup: corrected(old, input) }];
    const sup = replaced(write, input);
    return sup === null ? [] : [{ ...write, sup }];
  });
  return [...own, ...takenBack(input)];
}

const sameRegister = (a: DerivedWrite) => (b: DerivedWrite) => a.e === b.e && a.r === b.r;
const same = (a: RegisterValue, b: RegisterValue) => canonical(a) === canonical(b);
const dots = (live: Live) => live.map((value) => value.dot);
const UNKNOWN: Source = { asked: false, shown: false, touched: false };

/** The dots this write replaces; null if it isn't a write of the worker's at all. */
function replaced(write: DerivedWrite, input: OpsInput): string[] | null {
  const { known, derived, on } = input;
  const seen = known.seen(write.e, write.r);
  if (!seen.length) return [];
  const type = derived.entities.find((entity) => entity.e === write.e)?.t ?? '';
  const kind = known.kind(type, write.r);
  const source = input.sources.get(registerKey(write.e, write.r)) ?? UNKNOWN;
  const { shown, conflict } = merge(kind, seen, new Set());
  if (same(shown, write.v) && isOldNews(kind, source, conflict)) return null;
  if (kind === 'latest') return dots(known.now(write.e, write.r).filter((value) => value.on <= on));
  if (source.shown && source.touched) return dots(seen);
  if (source.shown && seen.some((value) => same(value.v, write.v))) return null;
  // Computed from the phone's copy: it replaces what it was computed from. Asked blind: only the very same value.
  const stands = source.asked && !source.shown ? write.v : shown;
  return dots(seen.filter((value) => same(value.v, stands)));
}

/** The shown value again: news only if it answers a conflict, dates a fact anew, or was asked without being shown. */
function isOldNews(kind: MergeKind, source: Source, conflict: boolean): boolean {
  if (source.shown || !source.asked) return !source.touched || !(conflict || kind === 'latest');
  return false;
}

/** What a corrected value replaces: the original's dot, and live values that say what the original said. */
function corrected(old: DerivedWrite, { original, known }: OpsInput): string[] {
  if (!original) return [];
  const at = original.ops.findIndex(sameRegister(old));
  const live = known
    .now(old.e, old.r)
    .filter((value) => value.dot.startsWith(`${original.id}:`) || same(value.v, old.v));
  return [...new Set([...(at < 0 ? [] : [`${original.id}:${at}`]), ...dots(live)])];
}

function takenBack(input: OpsInput): Op[] {
  const kept = (old: DerivedWrite) => input.derived.writes.some(sameRegister(old));
  return (input.original?.shown ?? [])
    .filter((old) => !kept(old))
    .map((old) => ({ ...old, v: null, sup: corrected(old, input) }))
    .filter((op) => op.sup.length > 0);
}
