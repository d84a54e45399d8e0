/** Dates and moments as people read them, in the language on screen. */
import { i18n } from '@/i18n';

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Each is dear to make, the first by far. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(date: Date, options: Intl.DateTimeFormatOptions): string {
  const locale = i18n.global.locale.value;
  const key = `${locale} ${Object.entries(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, known);
  return known.format(date);
}

/** `2026-11-02` → 2026年11月2日星期一; anything else as it is. */
export function dayText(iso: string, weekday = false): string {
  const parts = DAY.exec(iso);
  if (!parts) return iso;
  const date = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  return format(date, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    ...(weekday ? { weekday: 'long' } : {}),
  });
}

/** An ISO moment → 11月2日 09:12, with the year when it is another one. */
export function momentText(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const sameYear = date.getFullYear() === now.getFullYear();
  return format(date, {
    ...(sameYear ? {} : { year: 'numeric' }),
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
}

/** The day of today, as a date question takes it: `YYYY-MM-DD` in local time. */
export function isoDay(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
