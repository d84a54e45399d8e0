/**
 * The log that a form with an `audit` row asks for, as ODK Collect writes it: which question was worked on when. It goes
 * with the visit as a file; where the worker was is never in it. Knows no screens.
 */
import type { FormDefinition } from '@/protocol/types';

const HEADER = 'event,node,start,end';

export interface AuditLog {
  /** Where the file's name is answered. */
  readonly path: string;
  /** Rows so far, to be kept with the draft. */
  readonly rows: readonly string[];
  /** A question is being worked on; null: none is. */
  at(question: string | null): void;
  /** Something happened, to a question or to the whole form. */
  note(event: string, question?: string): void;
  /** The file, with the question being worked on up to now. */
  csv(): string;
}

/** The log of a form, going on from the rows of its draft; null if the form asks for none. now: ms since 1970. */
export function auditOf(
  def: FormDefinition,
  kept: readonly string[] | undefined,
  now: () => number,
): AuditLog | null {
  const number = def.nodes.findIndex((node) => node.pre === 'audit');
  if (number < 0) return null;
  const rows = [...(kept ?? [])];
  const root = def.nodes[0]?.n ?? 'data';
  let current: { question: string; since: number } | null = null;

  const row = (event: string, question: string, start: number, end: number | '') =>
    `${event},${question && nodeOf(root, question)},${start},${end}`;
  const here = () => (current ? [row('question', current.question, current.since, now())] : []);
  const log: AuditLog = {
    path: pathOf(def, number),
    rows,
    at(question) {
      if (question === (current?.question ?? null)) return;
      rows.push(...here());
      current = question === null ? null : { question, since: now() };
    },
    note(event, question = '') {
      rows.push(row(event, question, now(), ''));
    },
    csv: () => [HEADER, ...rows, ...here(), ''].join('\n'),
  };
  log.note(kept ? 'form resume' : 'form start');
  return log;
}

/** `residents[0]/name` as XPath counts: `/data/residents[1]/name`. */
function nodeOf(root: string, path: string): string {
  return `/${root}/${path.replace(/\[(\d+)\]/g, (_, at: string) => `[${Number(at) + 1}]`)}`;
}

function pathOf(def: FormDefinition, number: number): string {
  const names: string[] = [];
  for (let at = number; at > 0; at = def.nodes[at]?.p ?? 0) names.unshift(def.nodes[at]?.n ?? '');
  return names.join('/');
}
