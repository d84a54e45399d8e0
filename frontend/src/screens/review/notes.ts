/** What is said of single questions: the notes of a return, and the issues the check found. */
import type { Issue, Note, Reading } from './api';

/** The notes to send: marked questions with something written, in the order they were marked. */
export function givenNotes(notes: Record<string, string>): Note[] {
  return Object.entries(notes)
    .map(([path, text]) => ({ path, text: text.trim() }))
    .filter((note) => note.text !== '');
}

/** Issues by the question they concern; under '' those of no question that is shown. */
export function issuesByQuestion(
  issues: readonly Issue[],
  rows: readonly Reading[],
): Map<string, Issue[]> {
  const shown = labelsOf(rows);
  const found = new Map<string, Issue[]>();
  for (const issue of issues) {
    const path = shown.has(issue.path) ? issue.path : '';
    found.set(path, [...(found.get(path) ?? []), issue]);
  }
  return found;
}

/** Labels of all questions by path. */
export function labelsOf(rows: readonly Reading[]): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (some: readonly Reading[]): void => {
    for (const row of some) {
      if (row.kind === 'answer') found.set(row.path, row.label);
      else walk(row.children ?? []);
    }
  };
  walk(rows);
  return found;
}
