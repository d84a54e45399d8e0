/** Where a consent stands, as the server has it too: tests/contract/consent.json. */
import { expect, it } from 'vitest';
import { type ConsentState, said as lastSaid, standing } from '@/forms/consent';
import type { NoticeVersion } from '@/protocol/types';
import { contract } from './contract';

const { versions, cases, said } = contract<{
  versions: NoticeVersion[];
  cases: {
    name: string;
    consent: Record<string, string> | null;
    born: string;
    on: string;
    children: boolean;
    versions?: NoticeVersion[];
    state: ConsentState;
    until: string;
  }[];
  said: {
    name: string;
    consent: Record<string, string>;
    words: unknown[];
    status: string;
    ends_on?: string;
  }[];
}>('consent');

it.each(cases)('$name', ({ consent, born, on, children, versions: own, state, until }) => {
  const found = standing(consent ?? undefined, born, on, own ?? versions, children);
  expect(found).toEqual({ state, until });
});

it.each(said)('$name', ({ consent, words, status, ends_on: ends }) => {
  const found = lastSaid(consent, words);
  expect(found.status ?? '').toBe(status);
  expect(found.ends_on).toBe(ends ?? consent.ends_on);
});
