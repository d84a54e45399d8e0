/** A form's tree as the rows a person scrolls through, cut into screens where the form asks for it. */
import type { NodeView } from '@/protocol/types';
import { inTable } from './controls/layout';

export type Row =
  | { kind: 'heading'; path: string; depth: number }
  | { kind: 'question'; path: string }
  | { kind: 'repeat'; path: string };

const isScreen = (view: NodeView) =>
  view.kind === 'group' && (view.appearance ?? '').split(' ').includes('field-list');

function rowsInto(rows: Row[], view: NodeView, depth: number): void {
  for (const child of view.children) {
    if (child.kind === 'repeat') rows.push({ kind: 'repeat', path: child.path });
    else if (child.kind === 'leaf') {
      // A node without a control is calculated, never shown.
      if (child.control) rows.push({ kind: 'question', path: child.path });
    } else {
      const inside: Row[] = [];
      rowsInto(inside, child, depth + 1);
      // A group of calculations has nothing to head.
      if (inside.length) rows.push({ kind: 'heading', path: child.path, depth }, ...inside);
    }
  }
}

/** The rows below `view`: the whole form, or one instance of a repeat. */
export function rowsOf(view: NodeView): Row[] {
  const rows: Row[] = [];
  rowsInto(rows, view, 1);
  return rows;
}

/** Rows in the order of the form, those of one table together: a head (`label`) with rows that leave out theirs. */
export function blocksOf(rows: readonly Row[], view: (path: string) => NodeView): Row[][] {
  const blocks: Row[][] = [];
  let table: Row[] | undefined;
  for (const row of rows) {
    const leaf = row.kind === 'question' ? view(row.path) : undefined;
    if (leaf && table && inTable(leaf.appearance) && !isHead(leaf)) table.push(row);
    else {
      const block = [row];
      blocks.push(block);
      table = leaf && isHead(leaf) ? block : undefined;
    }
  }
  return blocks;
}

/** Rows that are put on screen, and drawn, together. */
const PORTION = 3;

/** A note that keeps itself in sight, or a repeat that draws its own rows. */
const standsAlone = (row: Row, view: NodeView) =>
  row.kind === 'repeat' || (view.appearance ?? '').split(' ').includes('alert');

/** Blocks in the portions in which they are put on screen. */
export function portionsOf(blocks: readonly Row[][], view: (path: string) => NodeView): Row[][][] {
  const portions: Row[][][] = [];
  let open: Row[][] | undefined;
  for (const block of blocks) {
    const alone = block.some((row) => standsAlone(row, view(row.path)));
    if (!alone && open && open.flat().length < PORTION) open.push(block);
    else {
      portions.push([block]);
      open = alone ? undefined : portions[portions.length - 1];
    }
  }
  return portions;
}

/** The head of a table asks nothing. */
export const isHead = (view: NodeView): boolean =>
  (view.control === 'select' || view.control === 'select1') &&
  (view.appearance ?? '').split(' ').includes('label');

/**
 * What tells one instance from another: a name that was written or a record that was chosen, else its first two
 * answers. `title`: a chosen record's.
 */
export function recognisedBy(
  rows: Row[],
  view: (path: string) => NodeView,
  title: (leaf: NodeView) => string | undefined,
): string {
  const answered = rows
    .filter((row) => row.kind === 'question')
    .map((row) => view(row.path))
    .filter((leaf) => leaf.relevant && leaf.value !== '' && isWords(leaf));
  const named = answered.find((leaf) => title(leaf) || isWriting(leaf));
  const told = named ? [named] : answered.slice(0, 2);
  return told.map((leaf) => title(leaf) ?? choice(leaf) ?? leaf.value).join(' · ');
}

/** Files and places are answers that no word stands for; what was masked is nobody's to read. */
const WORDLESS = new Set(['binary', 'geopoint', 'geotrace', 'geoshape']);
export const isWords = (leaf: NodeView): boolean =>
  !WORDLESS.has(leaf.type ?? '') && !/\b(masked|hidden-answer)\b/.test(leaf.appearance ?? '');

const isWriting = (leaf: NodeView) => leaf.control === 'input' && leaf.type === 'string';
const label = (leaf: NodeView, code: string) =>
  leaf.options?.find(({ value }) => value === code)?.label;
/** One choice, or several, as words; undefined for what isn't chosen. */
const choice = (leaf: NodeView) =>
  leaf.options &&
  (label(leaf, leaf.value) ??
    leaf.value
      .split(' ')
      .map((code) => label(leaf, code) ?? code)
      .join('、'));

/**
 * The screens of a form: each group with `field-list` is one, and so is what stands between two of them. A form
 * without such groups is one long screen.
 */
export function screensOf(root: NodeView): Row[][] {
  const screens: Row[][] = [[]];
  const last = () => screens[screens.length - 1] ?? [];
  const walk = (view: NodeView, depth: number): void => {
    for (const child of view.children) {
      if (isScreen(child)) {
        const rows: Row[] = [{ kind: 'heading', path: child.path, depth }];
        rowsInto(rows, child, depth + 1);
        screens.push(rows, []);
      } else if (child.kind === 'group') {
        last().push({ kind: 'heading', path: child.path, depth });
        walk(child, depth + 1);
      } else rowsInto(last(), { ...view, children: [child] }, depth);
    }
  };
  walk(root, 1);
  return screens.map(withoutLastHeadings).filter((rows) => rows.length > 0);
}

/** A heading whose questions stand on the next screen heads nothing here. */
function withoutLastHeadings(rows: Row[]): Row[] {
  let length = rows.length;
  while (rows[length - 1]?.kind === 'heading') length -= 1;
  return rows.slice(0, length);
}

/** Whether anything of a screen is asked now. */
export function screenShows(rows: Row[], view: (path: string) => NodeView): boolean {
  return rows.some((row) => row.kind !== 'heading' && view(row.path).relevant);
}

/** Whether the question at `path` is found in a row: its own, or the repeat it lies in. */
export const holds = (row: Row, path: string): boolean =>
  row.path === path || (row.kind === 'repeat' && path.startsWith(`${row.path}[`));

/** The place of `path` among the screens. */
export function screenWith(screens: Row[][], path: string): number {
  const at = screens.findIndex((rows) => rows.some((row) => holds(row, path)));
  return Math.max(at, 0);
}

/** Questions asked now, and how many of them have an answer. */
export function progressOf(view: NodeView): { done: number; total: number } {
  const count = { done: 0, total: 0 };
  const walk = (node: NodeView): void => {
    if (!node.relevant) return;
    if (node.kind !== 'leaf') node.children.forEach(walk);
    else if (node.control && node.control !== 'note' && !isHead(node) && !node.readonly) {
      count.total += 1;
      if (node.value !== '') count.done += 1;
    }
  };
  walk(view);
  return count;
}
