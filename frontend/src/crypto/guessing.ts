/** What guessing at a PIN costs, and how long a phone opens without having reached the server. Pure. */

/** Wrong attempts so far, and the moment of the last (ms). Kept in storage, so that a restart forgives nothing. */
export interface Attempts {
  wrong: number;
  last: number;
}

const FREE = 4;
const LONGEST = 15 * 60_000;
/** So many wrong ones, and what could be read is destroyed. */
export const MOST = 10;
const DAY = 24 * 3600_000;

/** Milliseconds to wait before the next attempt. A clock set back waits the whole delay again. */
export function delayLeft(attempts: Attempts, now: number): number {
  if (attempts.wrong <= FREE) return 0;
  const delay = Math.min(LONGEST, 15_000 * 2 ** (attempts.wrong - FREE - 1));
  return now < attempts.last ? delay : Math.max(0, attempts.last + delay - now);
}

/** When the server last answered this phone, and the latest time its clock ever showed since (ms). */
export interface Contact {
  at: number;
  seen: number;
}

/** Whether the phone was out of reach for longer than it may. A clock set back gains nothing. */
export function isLeaseOver({ at, seen }: Contact, days: number, now: number): boolean {
  return Math.max(now, seen) - at > days * DAY;
}
