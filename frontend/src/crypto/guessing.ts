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

/** Longest a copy that can be read outlives the last contact, whatever the server allows, days. */
const KEPT_DAYS = 30;

/**
 * How a phone stands to its last contact. `locked`: it opens nothing until it has reached the server again; `over`: nothing
 * readable may stay on it. A clock set back gains nothing. lease: days; undefined: none was told.
 */
export function reachOf(
  { at, seen }: Contact,
  lease: number | undefined,
  now: number,
): 'near' | 'locked' | 'over' {
  const days = (Math.max(now, seen) - at) / DAY;
  if (days > KEPT_DAYS) return 'over';
  return lease !== undefined && days > lease ? 'locked' : 'near';
}
