/** The notes of a return: which questions are marked, and what was written on them. */
import type { Note, Reading } from './api';

/** The notes to send: marked questions with something written, in the order they were marked. */
export function givenNotes(notes: Record<string, string>): Note[] {
  return Object.entries(notes)
    .map(([path, text]) => ({ path, text: text.trim() }))
    .filter((note) => note.text !== '');
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
