/** How choices are laid out: by appearance where the form asks for it, else by the length of their labels. Pure. */
import type { InjectionKey, Ref } from 'vue';
import type { Option } from '@/protocol/types';
import { looksOf } from './kinds';

export interface Look {
  /** Cells side by side, of one width; 0: each as wide as its label. */
  columns: number;
  /** Mark above label, for cells too narrow for both in a line. */
  narrow: boolean;
  /** Whether the mark is shown: without it, the cell's colour and frame tell. */
  marks: boolean;
  /** Whether labels are shown: not in a table, whose head has them. They are read out all the same. */
  labels: boolean;
}

const SHORT = 5;
/** More than these side by side are too narrow for a thumb on a phone of 360 pixels. */
const MOST_COLUMNS = 4;
const MOST_IN_A_SCALE = 5;
/** Without labels, cells can be as narrow as a thumb. */
const MOST_IN_A_TABLE = 6;

/** Letters of one word that fit into a cell, by how many cells stand side by side on a phone of 360 pixels. */
const LETTERS = [34, 34, 11, 12, 9, 7];
/** Large print leaves fewer. */
const LARGER = 1.25;

/** Whether no word of a label would be torn; Chinese may be broken anywhere. */
function keepsWords(options: readonly Option[], columns: number, large: boolean): boolean {
  const letters = (LETTERS[columns] ?? 0) / (large ? LARGER : 1);
  return options.every(({ label }) =>
    label.split(/[\s\u2e80-\uffff]+/).every((word) => word.length <= letters),
  );
}

/** Whether labels are so short that two stand side by side on a narrow phone: 是 / 否. */
export function fitsTwoColumns(options: readonly Option[]): boolean {
  return options.length > 1 && options.every((option) => width(option.label) <= SHORT);
}

/** In Chinese characters; a Latin letter counts as half of one. */
function width(label: string): number {
  return [...label].reduce((sum, char) => sum + (char.charCodeAt(0) < 256 ? 0.5 : 1), 0);
}

/** Whether a question stands in a table whose head says what its choices mean. */
export const tableKey: InjectionKey<Readonly<Ref<boolean>>> = Symbol('table');

/** Whether a question is a row of a table, or its head (`label`). */
export function inTable(appearance: string | undefined): boolean {
  const looks = looksOf(appearance);
  return looks.includes('label') || looks.includes('list-nolabel');
}

/** Whether a list is short enough for a table on a phone; else each question shows its own choices. */
export const fitsTable = (options: readonly Option[]): boolean => options.length <= MOST_IN_A_TABLE;

/**
 * `headed`: in a table whose head has the labels. `played`: a choice has a recording or film, whose player loses its
 * button where it is narrower than the phone. `large`: print is.
 */
export function lookOf(
  appearance: string | undefined,
  options: readonly Option[],
  headed = false,
  played = false,
  large = false,
): Look {
  const looks = looksOf(appearance);
  const bare = headed && looks.includes('list-nolabel');
  const columns = bare ? options.length : played ? 1 : columnsOf(looks, options, large);
  const marks = bare || !looks.includes('no-buttons');
  return { columns, narrow: columns > 2 || bare, marks, labels: !bare };
}

/** As many as asked for, or fewer: a word in two pieces is hard to read. A scale that doesn't fit in a line is a list. */
function columnsOf(looks: string[], options: readonly Option[], large: boolean): number {
  const scale = ['likert', 'list', 'list-nolabel'].some((look) => looks.includes(look));
  if (scale && options.length <= MOST_IN_A_SCALE) {
    return keepsWords(options, options.length, large) ? options.length : 1;
  }
  let columns = columnsAsked(looks, options);
  while (columns > 1 && !keepsWords(options, columns, large)) columns -= 1;
  return columns;
}

function columnsAsked(looks: string[], options: readonly Option[]): number {
  if (looks.includes('columns-pack') || looks.includes('quickcompact')) return 0;
  for (const look of looks) {
    const [, number] = /^(?:columns|compact|quickcompact)-(\d+)$/.exec(look) ?? [];
    if (number) return Math.max(1, Math.min(MOST_COLUMNS, Number(number)));
  }
  const wide = looks.includes('columns') || looks.includes('compact');
  if (wide || looks.includes('horizontal') || looks.includes('horizontal-compact'))
    return options.every((option) => width(option.label) <= SHORT) ? 3 : 2;
  return fitsTwoColumns(options) ? 2 : 1;
}
