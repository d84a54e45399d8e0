/**
 * Calendar arithmetic in whole days since 1970-01-01, without time zones and without Date.
 * A date-time is the same with a fraction: its wall clock, whatever offset it was written with.
 */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;

export const DAY_MS = 86_400_000;

/** Day numbers of the years 1 to 9999. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** May a day number be written as a date? */
export const inCalendar = (days: number): boolean =>
  Math.floor(days) >= FIRST_DAY && Math.floor(days) <= LAST_DAY;

export interface Civil {
  year: number;
  month: number;
  day: number;
}

/** Days since 1970-01-01 of a day of the Gregorian calendar (Hinnant's days_from_civil). */
export function daysOf({ year, month, day }: Civil): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The inverse of daysOf. */
export function civilOf(days: number): Civil {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * mp + 2) / 5) + 1,
  };
}

export const pad = (n: number, width = 2): string => String(n).padStart(width, '0');

/** `YYYY-MM-DD` of a day number; fractions are dropped. */
export function isoOf(days: number): string {
  const { year, month, day } = civilOf(Math.floor(days));
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
}

/** `YYYY-MM-DDTHH:MM:SS.mmm` of a day number with its fraction, to the millisecond. */
export function isoTimeOf(moment: number): string {
  const all = Math.round(moment * DAY_MS);
  const whole = Math.floor(all / DAY_MS);
  const ms = all - whole * DAY_MS;
  const seconds = Math.floor(ms / 1000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${isoOf(whole)}T${clock.map((n) => pad(n)).join(':')}.${pad(ms % 1000, 3)}`;
}

function dayOf(year: string, month: string, day: string): number {
  const days = daysOf({ year: Number(year), month: Number(month), day: Number(day) });
  const back = civilOf(days);
  const real = back.month === Number(month) && back.day === Number(day) && inCalendar(days);
  return real ? days : Number.NaN;
}

function clockOf(h: string, m: string, s = '0', fraction = ''): number {
  const [hours, minutes, seconds] = [Number(h), Number(m), Number(s)];
  if (hours > 23 || minutes > 59 || seconds > 59) return Number.NaN;
  const thousandths = Math.round(Number(`0${fraction}`) * 1000);
  return (((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths) / DAY_MS;
}

/** Day number of an ISO date or date-time, NaN of anything else. */
export function parseMoment(text: string): number {
  // Cheap refusal first: this runs for every string that meets a comparison.
  if (text.length < 10 || text.charCodeAt(4) !== 45) return Number.NaN;
  const date = DATE.exec(text);
  if (date) return dayOf(date[1] as string, date[2] as string, date[3] as string);
  const full = DATE_TIME.exec(text);
  if (!full) return Number.NaN;
  const day = dayOf(full[1] as string, full[2] as string, full[3] as string);
  return day + clockOf(full[4] as string, full[5] as string, full[6], full[7]);
}

/** A date in text with the leading zeros it may lack: only date() and date-time() take those. */
export const padded = (text: string): string =>
  text
    .trim()
    .replace(
      /^(\d{4})-(\d{1,2})-(\d{1,2})(?=$|T)/,
      (_, year, month, day) => `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
    );

/** Fraction of a day of an ISO time, NaN of anything else. */
export function parseTime(text: string): number {
  const m = TIME.exec(text);
  return m ? clockOf(m[1] as string, m[2] as string, m[3], m[4]) : Number.NaN;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const DAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');
const OF_DATE = /%[Yymnbdea]/g;
const OF_TIME = /%[YymnbdeaHhMS3]/g;

/** Fills `%Y %m %d …` of an ODK date format; `moment` is a day number with its fraction. */
export function formatMoment(moment: number, format: string, withTime: boolean): string {
  const days = Math.floor(Math.round(moment * DAY_MS) / DAY_MS);
  const { year, month, day } = civilOf(days);
  const clock = isoTimeOf(moment).slice(-12);
  const parts: Record<string, string> = {
    '%Y': pad(year, 4),
    '%y': pad(year % 100),
    '%m': pad(month),
    '%n': String(month),
    '%b': MONTHS[month - 1] as string,
    '%d': pad(day),
    '%e': String(day),
    '%a': DAYS[(((days + 4) % 7) + 7) % 7] as string,
    '%H': clock.slice(0, 2),
    '%h': String(Number(clock.slice(0, 2))),
    '%M': clock.slice(3, 5),
    '%S': clock.slice(6, 8),
    '%3': clock.slice(9),
  };
  return format.replace(withTime ? OF_TIME : OF_DATE, (key) => parts[key] as string);
}
