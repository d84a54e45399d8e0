/** Which control asks a question: by its kind in the form, its type, its appearance and its number of choices. */
import type { FormNode, NodeView } from '@/protocol/types';
import { drawingOf } from './capture/drawing';

export type ControlKind =
  | 'text'
  | 'number'
  | 'date'
  | 'time'
  | 'dateTime'
  | 'geopoint'
  | 'barcode'
  | 'one'
  | 'many'
  | 'pick'
  | 'range'
  | 'rating'
  | 'trigger'
  | 'rank'
  | 'trace'
  | 'bearing'
  | 'photo'
  | 'drawing'
  | 'sound'
  | 'file'
  | 'note'
  | 'labels'
  | 'unsupported';

/** More choices than this are searched, not scrolled. */
export const MANY_CHOICES = 12;
/** Several of many are read out one by one (danger signs): only a list too long for that is searched. */
const MANY_READ_OUT = 30;

const INPUTS: Record<string, ControlKind> = {
  string: 'text',
  int: 'number',
  decimal: 'number',
  date: 'date',
  time: 'time',
  dateTime: 'dateTime',
  geopoint: 'geopoint',
  geotrace: 'trace',
  geoshape: 'trace',
  barcode: 'barcode',
};

/** The words of an appearance, those with brackets (`search(…)`) without them. */
export const looksOf = (appearance: string | undefined): string[] =>
  (appearance ?? '').split(/[ (]/).filter(Boolean);

/** `node`: the question in the form. Choices from the registry are records, of which there may be thousands. */
export function controlKind(view: NodeView, node: FormNode | undefined): ControlKind {
  switch (view.control) {
    case 'input':
      return inputKind(view);
    case 'select1':
    case 'select':
      return selectKind(view, node);
    case 'upload':
      return uploadKind(view, node?.mime ?? '');
    case 'range':
      return looksOf(view.appearance).includes('rating') ? 'rating' : 'range';
    case 'trigger':
    case 'rank':
    case 'note':
      return view.control;
    default:
      return 'unsupported';
  }
}

function inputKind(view: NodeView): ControlKind {
  const kind = INPUTS[view.type ?? 'string'];
  if (kind === 'number' && looksOf(view.appearance).includes('bearing')) return 'bearing';
  return kind ?? (view.type === 'select' ? 'text' : 'unsupported');
}

function selectKind(view: NodeView, node: FormNode | undefined): ControlKind {
  if (looksOf(view.appearance).includes('label')) return 'labels';
  if (isSearched(view, node)) return 'pick';
  return view.control === 'select' ? 'many' : 'one';
}

function isSearched(view: NodeView, node: FormNode | undefined): boolean {
  const looks = looksOf(view.appearance);
  const most = view.control === 'select' ? MANY_READ_OUT : MANY_CHOICES;
  return (
    node?.items?.inst !== undefined ||
    looks.includes('minimal') ||
    looks.includes('autocomplete') ||
    (view.options?.length ?? 0) > most
  );
}

function uploadKind(view: NodeView, mime: string): ControlKind {
  if (mime.startsWith('image/')) return drawingOf(view.appearance) ? 'drawing' : 'photo';
  return mime.startsWith('audio/') ? 'sound' : 'file';
}

/** Kinds that are one input field, to which a label can point. */
export const FIELD_KINDS: ReadonlySet<ControlKind> = new Set([
  'text',
  'number',
  'bearing',
  'date',
  'time',
  'dateTime',
  'barcode',
  'range',
]);

/** Kinds that are nothing but what is seen of them: no device, no list that is long. */
export const PLAIN_KINDS: ReadonlySet<ControlKind> = new Set([
  'text',
  'number',
  'date',
  'one',
  'many',
  'note',
]);
