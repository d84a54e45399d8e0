/**
 * The merge theory, as fieldapp/sync/merge.py has it: how the writes nobody has replaced become what is shown, and what
 * counts as a conflict. Knows no storage, no forms and no clock. `tests/contract/merge.json` holds its cases.
 */
import type { Kind, RegisterValue } from './types';

export type MergeKind = Kind | 'alive';

/** One write of one register. at: sortable UTC text; on: YYYY-MM-DD. */
export interface Write {
  dot: string;
  v: RegisterValue;
  on: string;
  at: string;
}

/** Live writes with the shown one first, what is shown (null: absent), and whether the live values disagree. */
export interface Register<W extends Write = Write> {
  live: W[];
  shown: RegisterValue;
  conflict: boolean;
}

export const ALIVE = '_alive';
const DEAD = 'false';
const NUMBER = /^-?[0-9]+(\.[0-9]+)?$/;
// Both languages trim exactly these: their own idea of white space differs.
const BLANKS = /^[\t\n\v\f\r \u00a0\u3000\ufeff]+|[\t\n\v\f\r \u00a0\u3000\ufeff]+$/g;

/** The form in which two values are compared; null for a value that says nothing. */
export function canonical(value: RegisterValue): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value.normalize('NFC').replace(BLANKS, '') || null;
  const filled: Record<string, string> = {};
  for (const name of Object.keys(value).sort(byCodePoint)) {
    const member = canonical(value[name] ?? null);
    if (member !== null) filled[name] = member;
  }
  return Object.keys(filled).length ? JSON.stringify(filled) : null;
}

/** `superseded` may name dots that haven't arrived; a dot given twice is one write. */
export function merge<W extends Write>(
  kind: MergeKind,
  writes: readonly W[],
  superseded: ReadonlySet<string>,
): Register<W> {
  const counting = writes.filter((write) => !superseded.has(write.dot));
  // Nearly every register of nearly every record.
  if (counting.length < 2) return { live: counting, shown: shown(kind, counting), conflict: false };
  let live = [...new Map(counting.map((write) => [write.dot, write])).values()].sort(order(kind));
  if (kind !== 'notes') live.reverse();
  if (kind === 'min' || kind === 'max') live = extremeFirst(kind, live);
  return { live, shown: shown(kind, live), conflict: disagree(kind, live) };
}

/** Ascending; the greatest is shown (notes: the smallest comes first). */
function order(kind: MergeKind): (a: Write, b: Write) => number {
  const dated = kind !== 'one' && kind !== 'alive';
  return (a, b) =>
    (kind === 'alive' ? Number(canonical(a.v) !== DEAD) - Number(canonical(b.v) !== DEAD) : 0) ||
    (dated ? byCodePoint(a.on, b.on) : 0) ||
    byCodePoint(a.at, b.at) ||
    byDot(a.dot, b.dot);
}

function byDot(a: string, b: string): number {
  const [sidA, iA] = splitDot(a);
  const [sidB, iB] = splitDot(b);
  return byCodePoint(sidA, sidB) || iA - iB;
}

/** `<submission id>:<position>` in two. */
export function splitDot(dot: string): [sid: string, i: number] {
  const colon = dot.lastIndexOf(':');
  return [dot.slice(0, colon), Number(dot.slice(colon + 1))];
}

/** Python's order of strings, by code point; JavaScript's own puts surrogates below U+E000. */
export function byCodePoint(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return aboveSurrogates(x) - aboveSurrogates(y);
  }
  return a.length - b.length;
}

function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

function shown(kind: MergeKind, live: readonly Write[]): RegisterValue {
  const first = live[0];
  if (!first) return null;
  if (kind === 'union') {
    const codes = live.flatMap((w) => (canonical(w.v) ?? '').split(' ').filter(Boolean));
    return [...new Set(codes)].sort(byCodePoint).join(' ') || null;
  }
  if (kind === 'notes') {
    return (
      live
        .map((w) => canonical(w.v))
        .filter((note) => note !== null)
        .join('\n') || null
    );
  }
  return canonical(first.v) === null ? null : first.v;
}

function disagree(kind: MergeKind, live: readonly Write[]): boolean {
  return (kind === 'one' || kind === 'alive') && new Set(live.map((w) => canonical(w.v))).size > 1;
}

/** Smallest or greatest first. Numbers as numbers if all are; else as text, which orders dates rightly. */
function extremeFirst<W extends Write>(kind: 'min' | 'max', live: W[]): W[] {
  const filled = live.flatMap((w) => {
    const text = canonical(w.v);
    return text === null ? [] : [{ w, text }];
  });
  const head = filled[0];
  if (!head) return live;
  const numeric = filled.every(({ text }) => NUMBER.test(text));
  const sign = kind === 'min' ? 1 : -1;
  const compare = (a: string, b: string) =>
    sign * ((numeric ? Number(a) - Number(b) : 0) || byCodePoint(a, b));
  const best = filled.reduce((a, b) => (compare(b.text, a.text) < 0 ? b : a), head).w;
  return [best, ...live.filter((w) => w !== best)];
}

/** `sum`, 16 hex: the XOR of versions. Adding and taking away are the same operation. */
export function checksum(versions: Iterable<string>, start = '0'.repeat(16)): string {
  let [high, low] = halves(start);
  for (const version of versions) {
    const [h, l] = halves(version);
    high ^= h;
    low ^= l;
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function halves(hex: string): [high: number, low: number] {
  return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8, 16), 16)];
}
