/** Work that came back: what reviewers wrote, from the user's own feed, with the answers to correct. Pure. */
import type { Answers, LiveValue, ReturnedTask, Scope } from '@/protocol/types';
import { type Held, liveIn } from './base';

const REVIEW = 'review';

/** What this phone still knows of a submission of its own. */
export interface Own {
  form: string;
  fv: string;
  scope: Scope;
  area: string;
  title: string;
  answers: Answers;
  kept: string[];
}

/** Tasks, newest first; one whose answers are nowhere to be had is left out. corrected: already answered here. */
export function returnedTasks(
  entities: Iterable<readonly [id: string, held: Held]>,
  own: (submission: string) => Own | undefined,
  corrected: (submission: string) => boolean,
): ReturnedTask[] {
  const tasks: ReturnedTask[] = [];
  for (const [, held] of entities) {
    if (held.t !== REVIEW || textOf(held, 'state') !== 'returned') continue;
    const submission = textOf(held, 'target');
    const about = sentAlong(held) ?? own(submission);
    if (!about || corrected(submission)) continue;
    const [decision] = liveIn(held, 'state') as [LiveValue];
    const by = textOf(held, 'by') || decision.by;
    tasks.push({ ...about, submission, by, at: decision.at, notes: notesOf(held) });
  }
  return tasks.sort((a, b) => (a.at < b.at ? 1 : -1));
}

function textOf(held: Held, register: string): string {
  const value = held.f[register]?.[0]?.[0];
  return typeof value === 'string' ? value : '';
}

function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

function notesOf(held: Held): ReturnedTask['notes'] {
  const notes = parsed<ReturnedTask['notes']>(textOf(held, 'notes'));
  return Array.isArray(notes)
    ? notes.map(({ path, text }) => ({ path: `${path}`, text: `${text}` }))
    : [];
}

/** The submission as the server repeats it, for a phone that no longer has it. */
function sentAlong(held: Held): Own | null {
  const answers = parsed<Answers>(textOf(held, 'answers'));
  if (!answers) return null;
  const [form, fv, scope, area, title] = ['form', 'fv', 'scope', 'area', 'title'].map((name) =>
    textOf(held, name),
  ) as [string, string, Scope, string, string];
  const kept = parsed<string[]>(textOf(held, 'kept'));
  return { form, fv, scope, area, title, answers, kept: Array.isArray(kept) ? kept : [] };
}
