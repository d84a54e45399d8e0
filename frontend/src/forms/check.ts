/** Whether a stored text is what its data type allows; what is blank is judged by `required` alone. */
import { parseMoment, parseTime } from './dates';

const INTEGER = /^-?\d+$/;
const DECIMAL = /^\s*-?(\d+\.?\d*|\.\d+)\s*$/;
const POINT = /^\s*-?\d+(\.\d+)?(\s+-?\d+(\.\d+)?){1,3}\s*$/;

const isMoment = (text: string): boolean => !Number.isNaN(parseMoment(text));
const isTrace = (text: string): boolean =>
  text
    .trim()
    .replace(/^;+|;+$/g, '')
    .split(';')
    .every((point) => POINT.test(point));

const TYPES: Record<string, (text: string) => boolean> = {
  int: (text) => INTEGER.test(text),
  decimal: (text) => DECIMAL.test(text),
  boolean: (text) => ['true', 'false', '1', '0'].includes(text),
  date: (text) => !text.includes('T') && isMoment(text),
  dateTime: (text) => text.includes('T') && isMoment(text),
  time: (text) => !Number.isNaN(parseTime(text)),
  geopoint: (text) => POINT.test(text),
  geotrace: isTrace,
  geoshape: isTrace,
};

export function isWellFormed(type: string | undefined, text: string): boolean {
  return TYPES[type ?? 'string']?.(text) ?? true;
}
