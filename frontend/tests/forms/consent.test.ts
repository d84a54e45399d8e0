/** Where a consent stands, as the server has it too: tests/contract/consent.json. */
import { expect, it } from 'vitest';
import { type ConsentState, standing } from '@/forms/consent';
import type { NoticeVersion } from '@/protocol/types';
import { contract } from './contract';

const { versions, cases } = contract<{
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
}>('consent');

it.each(cases)('$name', ({ consent, born, on, children, versions: own, state, until }) => {
  const found = standing(consent ?? undefined, born, on, own ?? versions, children);
  expect(found).toEqual({ state, until });
});
