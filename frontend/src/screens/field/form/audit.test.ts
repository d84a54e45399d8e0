/** 王芳 fills in a form that keeps a log, is called away, and goes on. */
import { expect, it } from 'vitest';
import type { FormDefinition } from '@/protocol/types';
import { auditOf } from './audit';

const nodes = [
  { n: 'visit', p: -1, k: 'group' },
  { n: 'meta', p: 0, k: 'group' },
  { n: 'audit', p: 1, k: 'leaf', t: 'binary', pre: 'audit' },
];
const logged = { nodes } as unknown as FormDefinition;

function clock(): { now: () => number; pass: (ms: number) => void } {
  let time = 1_000_000;
  return { now: () => time, pass: (ms) => (time += ms) };
}

it('tells which question was worked on when, through a pause', () => {
  const { now, pass } = clock();
  const first = auditOf(logged, undefined, now);
  pass(1000);
  first?.at('name');
  first?.at('name');
  pass(4000);
  first?.at('residents[0]/age');
  pass(2000);
  first?.at(null);
  first?.note('form exit');
  pass(60_000);
  const later = auditOf(logged, first?.rows, now);
  later?.note('add repeat', 'residents[1]');
  later?.at('residents[1]/age');
  pass(500);
  expect(later?.path).toBe('meta/audit');
  expect(later?.csv()).toBe(
    [
      'event,node,start,end',
      'form start,,1000000,',
      'question,/visit/name,1001000,1005000',
      'question,/visit/residents[1]/age,1005000,1007000',
      'form exit,,1007000,',
      'form resume,,1067000,',
      'add repeat,/visit/residents[2],1067000,',
      'question,/visit/residents[2]/age,1067000,1067500',
      '',
    ].join('\n'),
  );
});

it('keeps none where the form asks for none', () => {
  expect(
    auditOf({ nodes: nodes.slice(0, 2) } as unknown as FormDefinition, [], () => 0),
  ).toBeNull();
});
