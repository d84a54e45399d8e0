/** Which control asks a question: by its kind in the form, its type, its appearance and its number of choices. */
import type { NodeView } from '@/protocol/types';

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
  | 'trigger'
  | 'rank'
  | 'note'
  | 'unsupported';

/** More choices than this are searched, not scrolled. */
export const MANY_CHOICES = 12;

const INPUTS: Record<string, ControlKind> = {
  string: 'text',
  int: 'number',
  decimal: 'number',
  date: 'date',
  time: 'time',
  dateTime: 'dateTime',
  geopoint: 'geopoint',
  barcode: 'barcode',
};

/** `fromRegistry`: the choices are records, of which there may be thousands. */
export function controlKind(view: NodeView, fromRegistry: boolean): ControlKind {
  const looks = (view.appearance ?? '').split(/[ (]/);
  switch (view.control) {
    case 'input':
      return INPUTS[view.type ?? 'string'] ?? (view.type === 'select' ? 'text' : 'unsupported');
    case 'select1':
      return fromRegistry ||
        looks.includes('minimal') ||
        looks.includes('autocomplete') ||
        (view.options?.length ?? 0) > MANY_CHOICES
        ? 'pick'
        : 'one';
    case 'select':
      return 'many';
    case 'range':
    case 'trigger':
    case 'rank':
    case 'note':
      return view.control;
    default:
      return 'unsupported';
  }
}

/** Kinds that are one input field, to which a label can point. */
export const FIELD_KINDS: ReadonlySet<ControlKind> = new Set([
  'text',
  'number',
  'date',
  'time',
  'dateTime',
  'barcode',
  'range',
]);
