/**
 * Whether somebody's consent is live on a day: a pure function of what was said last. The server's half is
 * fieldapp/consent/live.py; cases that both run are tests/contract/consent.json.
 */
import type { NoticeVersion } from '../protocol/types';
import { isoOf, parseMoment } from './dates';

export type ConsentState =
  | 'live'
  | 'none'
  | 'declined'
  | 'expired'
  | 'renew'
  | 'guardian'
  | 'safeguarding';

/** `until`: the last day of it (live: that it holds; declined: that nobody asks again), blank where there is none. */
export interface Standing {
  state: ConsentState;
  until: string;
}

/** A year of life is complete the day after the birthday. */
const CHILD = 14;

/** `consent`: shown values of the record, undefined: none was ever taken. `children`: whether any are served. */
export function standing(
  consent: Readonly<Record<string, string>> | undefined,
  born: string,
  on: string,
  versions: readonly NoticeVersion[],
  children = true,
): Standing {
  const child = isChild(born, on);
  if (child && !children) return { state: 'safeguarding', until: '' };
  if (!consent) return { state: 'none', until: '' };
  const ends = consent.ends_on ?? '';
  if (consent.status !== 'given') {
    return on <= ends ? { state: 'declined', until: ends } : { state: 'none', until: '' };
  }
  if (child && !consent.guardian?.trim()) return { state: 'guardian', until: '' };
  if (on > ends) return { state: 'expired', until: ends };
  const holds = holdsUntil(consent.notice_version ?? '', on, versions);
  if (holds !== null && on > holds) return { state: 'renew', until: holds };
  return { state: 'live', until: holds !== null && holds < ends ? holds : ends };
}

/**
 * A consent as shown, or the no in it. `words`: the live values of its registers. They don't know of each other: two
 * phones on one day, or one whose clock is ahead. Which is the later can't be told, so it is no.
 */
export function said(
  consent: Readonly<Record<string, string>>,
  words: readonly unknown[],
): Readonly<Record<string, string>> {
  const no = words.find((word): word is Record<string, string> => {
    const status = word && typeof word === 'object' && 'status' in word ? word.status : '';
    return !!status && status !== 'given';
  });
  if (!no) return consent;
  const told = Object.entries(no).filter(([, text]) => typeof text === 'string');
  return { ...consent, ends_on: '', ...Object.fromEntries(told) };
}

/** The last day on which a consent to this version holds; null: no newer one is in force. */
export function holdsUntil(
  version: string,
  on: string,
  versions: readonly NoticeVersion[],
): string | null {
  const place = versions.findIndex((each) => each.version === version);
  const last = versions
    .filter(({ effective }, at) => at > place && effective <= on)
    .map(({ effective, grace }) => isoOf(parseMoment(effective) + grace))
    .sort();
  return last[0] ?? null;
}

/** Under 14, up to that birthday. */
export function isChild(born: string, on: string): boolean {
  const [, year, rest] = /^(\d+)-(.*)$/.exec(born) ?? [];
  return year !== undefined && on <= `${String(Number(year) + CHILD).padStart(4, '0')}-${rest}`;
}
