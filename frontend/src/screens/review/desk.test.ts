/** The desk's decisions that need no screen: notes of a return, a value entered, addresses. */
import { describe, expect, it } from 'vitest';
import { type Issue, type Member, queryText, type Reading } from './api';
import { givenNotes, issuesByQuestion, labelsOf } from './notes';
import { ROLES, scopesOf } from './roles';
import { enteredValue, holdsDates } from './settling';

describe('the notes of a return', () => {
  it('are those with something written, without blanks around them', () => {
    const notes = { 'g_person/n_phone': ' 少一位 ', 'g_person/n_dob': '  ', '': '请补签名' };
    expect(givenNotes(notes)).toEqual([
      { path: 'g_person/n_phone', text: '少一位' },
      { path: '', text: '请补签名' },
    ]);
  });

  it('are named by the questions they are about, in groups and repeats too', () => {
    const answer = (path: string, label: string): Reading => ({ kind: 'answer', path, label });
    const rows: Reading[] = [
      { kind: 'group', path: 'g', label: '资料', children: [answer('g/n', '姓名')] },
      { kind: 'instance', path: 'r[1]', label: '', children: [answer('r[1]/n', '租客')] },
    ];
    expect([...labelsOf(rows)]).toEqual([
      ['g/n', '姓名'],
      ['r[1]/n', '租客'],
    ]);
  });
});

describe('quality issues', () => {
  const issue = (path: string): Issue => ({
    id: path,
    kind: 'constraint',
    severity: 'block',
    known: false,
    path,
    label: '',
    message: '',
    state: 'open',
    opened: '2026-11-02',
    due: '2026-11-05',
    late: false,
    owner: '',
    fixer: '',
    moves: [],
  });
  const rows: Reading[] = [{ kind: 'answer', path: 'r[0]/n', label: '租客' }];

  it('stand at their question if it is shown, and above all otherwise', () => {
    const found = issuesByQuestion([issue('r[0]/n'), issue('g/none'), issue('r[0]/n')], rows);
    expect(found.get('r[0]/n')).toHaveLength(2);
    expect(found.get('')?.map(({ path }) => path)).toEqual(['g/none']);
  });
});

describe('a value entered instead of those that stand', () => {
  const member = (name: string): Member => ({ name, label: name, choices: [] });

  it('is a text for a single property', () => {
    const conflict = { group: false, members: [member('phone')] };
    expect(enteredValue(conflict, {})).toBeUndefined();
    expect(enteredValue(conflict, { phone: '' })).toBeUndefined();
    expect(enteredValue(conflict, { phone: '13800000001' })).toBe('13800000001');
  });

  it('is an object of what was given for a group', () => {
    const conflict = { group: true, members: [member('sbp'), member('dbp')] };
    expect(enteredValue(conflict, { other: '1' })).toBeUndefined();
    expect(enteredValue(conflict, { sbp: '120', dbp: '80' })).toEqual({ sbp: '120', dbp: '80' });
  });
});

describe('what stands', () => {
  const stand = (v: unknown) => ({
    v,
    words: '',
    by: '',
    at: '',
    on: '',
    form: '',
    dot: '',
    live: true,
  });

  it('is entered as a date where all of it are dates', () => {
    const dates = {
      group: false,
      standing: [stand('1996-05-12'), stand('1996-12-05'), stand(null)],
    };
    expect(holdsDates(dates, 'dob')).toBe(true);
    expect(
      holdsDates({ group: false, standing: [stand('1996-05-12'), stand('不详')] }, 'dob'),
    ).toBe(false);
    expect(holdsDates({ group: false, standing: [stand(null)] }, 'dob')).toBe(false);
  });

  it('is looked at member by member in a group', () => {
    const both = [stand({ edd: '2026-10-10', edd_source: 'us' }), stand({ edd: '2026-10-12' })];
    const group = { group: true, standing: both };
    expect(holdsDates(group, 'edd')).toBe(true);
    expect(holdsDates(group, 'edd_source')).toBe(false);
  });
});

it('asks only for the filters that are set', () => {
  expect(queryText({ area: '', form: undefined, state: 'received', page: 2 })).toBe(
    '?state=received&page=2',
  );
  expect(queryText({ area: '' })).toBe('');
});

it('offers an administrator no area', () => {
  expect(ROLES).toContain('admin');
  expect(scopesOf('admin')).toEqual([]);
  expect(scopesOf('mayor')).toEqual([]);
});
