// @vitest-environment happy-dom
/** Addresses on 王芳's phone: what stands in them, and what they lead to. */
import { expect, test } from 'vitest';
import { arrival, forgetPlaces, recordRoute, savedRoute, shownIn, visitRoute } from './places';

const keeper = { conceal: async (text: string) => text, reveal: async () => null };
const at = (route: { name: string; params: { place: string } }) => ({
  ...route,
  fullPath: `/${route.name}/${route.params.place}`,
});
const ENTITY = '6f1c2d34-0000-4000-8000-000000000001';

test('an address is a word of letters, the same for the same record and another for each', () => {
  const mei = recordRoute('health', ENTITY);
  const routes = [mei, recordRoute('housing', ENTITY), visitRoute({ form: 'preg_followup' })];
  routes.push(visitRoute({ form: 'preg_followup', record: ENTITY }), savedRoute('preg_followup'));
  const words = routes.map(({ params }) => params.place);
  for (const word of words) expect(word).toMatch(/^[a-z]{12}$/);
  expect(new Set(words).size).toBe(words.length);
  expect(recordRoute('health', ENTITY)).toEqual(mei);
  expect(shownIn(mei)).toEqual({ scope: 'health', id: ENTITY });
});

test('the same link begins another visit each time', () => {
  const door = at(visitRoute({ form: 'preg_followup', record: ENTITY }));
  const visits = [1, 2].map(() => arrival(door, keeper) as typeof door);
  const [first, second] = visits.map((it) => shownIn(it));
  expect(first).toMatchObject({ form: 'preg_followup', record: ENTITY });
  expect(first?.draft).not.toBe(second?.draft);
  for (const visit of visits) expect(arrival(at(visit), keeper)).toBe(true);
});

test('an address that nobody knows any more leads home', async () => {
  const mei = at(recordRoute('health', ENTITY));
  expect(arrival(mei, keeper)).toBe(true);
  forgetPlaces();
  expect(await arrival(mei, keeper)).toEqual({ name: 'today' });
  expect(shownIn(mei)).toEqual({});
});

test('a page without a place goes where it wants', () => {
  expect(arrival({ name: 'outbox', params: {}, fullPath: '/outbox' }, keeper)).toBe(true);
});
