/** What a finished visit writes, as the server derives it too: tests/contract/derive.json. */
import { expect, it } from 'vitest';
import { derive } from '@/protocol/derive';
import type { Answers, Derived, FormDefinition, Program } from '@/protocol/types';
import { contract, form } from './contract';

type Case = { name: string; form: string; sid: string; answers: Answers } & Derived;

const file = contract<{
  definitions: Record<string, FormDefinition>;
  programs: Program[];
  cases: Case[];
}>('derive');
const programs = contract<Program[]>('forms/programs');

it.each(file.cases)('$name', ({ form: id, sid, answers, on, entities, writes }) => {
  const own = file.definitions[id];
  const derived = own
    ? derive(own, file.programs, answers, sid)
    : derive(form(id), programs, answers, sid);
  expect(derived).toEqual({ on, entities, writes });
});
