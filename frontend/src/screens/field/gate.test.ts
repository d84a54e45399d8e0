import { expect, test } from 'vitest';
import { detour } from './gate';

const at = (name: string, gate = false, field = true) => ({
  name,
  fullPath: `/${name}`,
  gate,
  field,
});

test('nobody enrolled: everything leads to the first log-in', () => {
  expect(detour('fresh', at('today'))).toMatchObject({ name: 'welcome' });
  expect(detour('fresh', at('unlock', true))).toMatchObject({ name: 'welcome' });
  expect(detour('fresh', at('welcome', true))).toBeNull();
});

test('a locked phone asks for the PIN and then goes where it was going', () => {
  expect(detour('locked', at('record'))).toMatchObject({
    name: 'unlock',
    query: { to: '/record' },
  });
  expect(detour('locked', at('unlock', true))).toBeNull();
});

test('who forgot the PIN may log in again', () => {
  expect(detour('locked', at('welcome', true))).toBeNull();
});

test('an open phone has no gate', () => {
  expect(detour('open', at('today'))).toBeNull();
  expect(detour('open', at('unlock', true))).toMatchObject({ name: 'today' });
});

test('the review desk has doors of its own', () => {
  expect(detour('fresh', at('review-queue', false, false))).toBeNull();
});
