import { expect, test } from 'vitest';
import type { EntityView, FormDefinition } from '@/protocol/types';
import { shownIn } from './places';
import { chooserPaths, correctionRoute, givenFor, pathOf } from './starting';

const followUp: FormDefinition = {
  id: 'preg_followup',
  version: '1',
  program: 'antenatal',
  scope: 'health',
  title: ['孕产随访'],
  langs: ['zh'],
  nodes: [
    { n: 'data', p: -1, k: 'group' },
    { n: 'g_visit', p: 0, k: 'group' },
    { n: 'person_id', p: 1, k: 'leaf', c: 'select1', items: { inst: 'client' } },
    { n: 'people', p: 0, k: 'repeat' },
    { n: 'who', p: 3, k: 'leaf', c: 'select1', items: { inst: 'client' } },
    { n: 'hidden', p: 0, k: 'leaf', items: { inst: 'client' } },
  ],
  lists: {},
  external: ['client'],
  actions: [],
  entities: [],
};
function record(id: string, type: string): EntityView {
  return {
    id,
    type,
    scope: 'health',
    areas: [],
    title: id,
    props: {},
    live: {},
    conflicts: [],
    pending: false,
  };
}
const mei = record('mei', 'client');

test('a path names groups and leaves, but nothing inside a repeat', () => {
  expect(pathOf(followUp, 2)).toBe('g_visit/person_id');
  expect(pathOf(followUp, 4)).toBeNull();
});

test('only a question that a person sees chooses a record', () => {
  expect(chooserPaths(followUp, 'client')).toEqual(['g_visit/person_id']);
});

test('a visit about 张小梅 opens with her chosen', () => {
  expect(givenFor(followUp, mei)).toEqual({ 'g_visit/person_id': 'mei' });
});

test('from her pregnancy record the visit opens with her chosen, too', () => {
  expect(givenFor(followUp, record('p1', 'pregnancy'), mei)).toEqual({
    'g_visit/person_id': 'mei',
  });
});

test('a dwelling has nothing to do with this form', () => {
  expect(givenFor(followUp, record('d1', 'dwelling'))).toBeNull();
});

test('a correction that was begun goes on where it was', () => {
  const drafts = [
    { id: 'noise', corrects: null },
    { id: 'begun', corrects: 's1' },
  ];
  expect(shownIn(correctionRoute('s1', drafts))).toEqual({ draft: 'begun', corrects: 's1' });
  expect(shownIn(correctionRoute('s2', drafts))).toEqual({ corrects: 's2' });
});
