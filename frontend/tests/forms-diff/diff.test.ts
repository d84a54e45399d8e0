/** A share of `make forms-diff`, small enough for every run of the tests. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readForms } from './corpus';
import { excuseIds } from './excuses';
import explained from './explained.json';
import { readExpressions } from './expressions';
import { ruleIds } from './rules';
import { readSequences } from './sequences';
import { Server } from './server';

const SEED = 20261102;
const MINUTES = 60_000;

let server: Server;
beforeAll(() => {
  server = new Server();
});
afterAll(() => server.end());

it(
  'means by 2,000 expressions what ODK means, or says which clause decides',
  async () => {
    const { tried, disagreements } = await readExpressions(server, SEED, 2_000);
    expect(tried).toBe(2_000);
    expect(disagreements).toEqual([]);
  },
  5 * MINUTES,
);

it(
  'fills in 150 made-up forms as ODK does, or says which clause decides',
  async () => {
    const { tried, disagreements } = await readSequences(server, SEED, 150);
    expect(tried).toBe(150);
    expect(disagreements).toEqual([]);
  },
  5 * MINUTES,
);

it(
  'fills in our own forms as ODK does',
  async () => {
    const { disagreements } = await readForms(SEED, undefined);
    expect(disagreements).toEqual([]);
  },
  5 * MINUTES,
);

it('excuses nothing without a clause, and keeps no clause that nothing needs', () => {
  const known = new Set(explained.map(({ id }) => id));
  expect(new Set([...ruleIds(), ...excuseIds()])).toEqual(known);
  for (const { clause, ours, theirs } of explained) expect(clause && ours && theirs).toBeTruthy();
});
