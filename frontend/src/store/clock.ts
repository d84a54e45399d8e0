/** The phone's clock as texts. */

const two = (n: number): string => String(n).padStart(2, '0');

/** Local date, YYYY-MM-DD. */
export function localDay(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Local ISO date-time with offset, e.g. 2026-11-02T09:12:44.123+08:00. */
export function localMoment(ms: number): string {
  const at = new Date(ms);
  const offset = -at.getTimezoneOffset();
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  const zone = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map(two).join(':');
  const fraction = String(at.getMilliseconds()).padStart(3, '0');
  return `${localDay(ms)}T${time}.${fraction}${offset < 0 ? '-' : '+'}${zone}`;
}
