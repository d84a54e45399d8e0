/** Repeats that the form counts: what becomes of those entered while the count changes. */
import { describe, expect, it } from 'vitest';
import { createSession } from '@/forms/session';
import type { FormDefinition, FormSession } from '@/protocol/types';
import { awkward, made } from './awkward';
import { makeHost } from './host';

describe('a counted repeat', () => {
  const counted = made([
    { n: 'has', p: 0, k: 'leaf', t: 'string', c: 'input', def: 'y' },
    { n: 'g', p: 0, k: 'group', rel: ['op', '=', ['r', 1], ['s', 'y']] },
    { n: 'howmany', p: 2, k: 'leaf', t: 'int', c: 'input' },
    { n: 'people', p: 2, k: 'repeat', count: ['r', 3] },
    { n: 'who', p: 4, k: 'leaf', t: 'string', c: 'input', req: ['f', 'true'] },
    { n: 'id', p: 4, k: 'leaf', t: 'string', calc: ['f', 'concat', ['r', 5], ['f', 'uuid']] },
    { n: 'place', p: 4, k: 'leaf', t: 'int', calc: ['f', 'position', ['r', 4]] },
    { n: 'kids', p: 4, k: 'leaf', t: 'int', c: 'input' },
    { n: 'kid', p: 4, k: 'repeat', count: ['r', 8] },
    { n: 'nick', p: 9, k: 'leaf', t: 'string', c: 'input' },
    { n: 'heads', p: 0, k: 'leaf', t: 'int', calc: ['f', 'count', ['r', 4, 0]] },
  ]);
  const household = (): FormSession => {
    const session = createSession(counted, makeHost());
    session.set('g/howmany', '2');
    session.set('g/people[0]/who', '王芳');
    session.set('g/people[1]/who', '张小梅');
    return session;
  };
  const all = (session: FormSession, name: string): string[] =>
    session.view('g/people').children.map(({ path }) => session.view(`${path}/${name}`).value);

  it('has as many instances as its count says', () => {
    const session = createSession(awkward, makeHost());
    session.set('name', '王芳');
    session.set('kind', 'a');
    session.set('g/people[0]/who', '张小梅');
    session.set('g/people[0]/age', '30');
    session.addRepeat('g/people[0]/pets');
    expect(session.view('total').value).toBe('2');
    expect(session.view('h/extras').children).toHaveLength(3);
    expect(session.view('h/extras[2]/extra').label).toBe('第3项，共2');
    // New instances in a group that is read-only are read-only too.
    expect(session.view('h/extras[2]/extra').readonly).toBe(true);
    session.set('h/extras[2]/extra', 'x');
    session.set('g/people[0]/age', '');
    expect(session.view('h/extras').children).toHaveLength(1);
    // One in which nobody answered anything goes.
    session.set('g/people[0]/age', '30');
    session.set('h/extras[2]/extra', '');
    session.set('g/people[0]/age', '');
    expect(() => session.view('h/extras[2]/extra')).toThrow();
  });

  it('keeps everybody entered while the count is corrected', () => {
    const session = household();
    const ids = all(session, 'id');
    // A phone's number field answers at every key.
    for (const typed of ['', '1', '']) {
      session.set('g/howmany', typed);
      expect(session.view('g/people').children).toHaveLength(Number(typed));
    }
    session.set('g/howmany', '3');
    expect(all(session, 'who')).toEqual(['王芳', '张小梅', '']);
    expect(all(session, 'id').slice(0, 2)).toEqual(ids);
    expect(session.view('g/people[1]/who').touched).toBe(true);
    expect(session.view('g/people[1]/place').value).toBe('2');
    expect(session.view('heads').value).toBe('3');
  });

  it('keeps everybody when the question that asks for them is mistapped', () => {
    const session = household();
    session.set('g/people[1]/kids', '1');
    session.set('g/people[1]/kid[0]/nick', '小雨');
    session.set('has', 'n');
    expect(session.view('heads').value).toBe('0');
    session.set('has', 'y');
    expect(all(session, 'who')).toEqual(['王芳', '张小梅']);
    expect(session.view('g/people[1]/kid[0]/nick').value).toBe('小雨');
  });

  it('neither sends nor asks about whom the count leaves out', () => {
    const session = household();
    session.set('g/people[1]/who', '');
    session.set('g/people[1]/kids', '1');
    session.set('g/howmany', '1');
    expect(session.view('heads').value).toBe('1');
    expect(session.view('g/people').children.map(({ path }) => path)).toEqual(['g/people[0]']);
    expect(session.problems()).toEqual([]);
    expect(session.finish().g).toMatchObject({ people: [{ who: '王芳' }] });
    session.set('g/howmany', '2');
    expect(session.problems()).toMatchObject([{ path: 'g/people[1]/who', kind: 'required' }]);
  });

  it('of a draft comes back with those it had left out', () => {
    const left = household();
    left.set('g/howmany', '1');
    const draft = JSON.parse(JSON.stringify(left.snapshot()));
    const back = createSession(counted, makeHost(), { draft });
    expect(all(back, 'who')).toEqual(['王芳']);
    expect(back.snapshot()).toEqual(left.snapshot());
    expect(back.finish().g).toMatchObject({ people: [{ who: '王芳' }] });
    back.set('g/howmany', '2');
    expect(all(back, 'who')).toEqual(['王芳', '张小梅']);
    expect(back.view('g/people[1]/who').touched).toBe(true);
    expect(all(back, 'id')).toEqual(all(household(), 'id'));
  });

  it('in an instance that is taken out goes with it', () => {
    const def = made([
      { n: 'homes', p: 0, k: 'repeat' },
      { n: 'howmany', p: 1, k: 'leaf', t: 'int', c: 'input' },
      { n: 'people', p: 1, k: 'repeat', count: ['r', 2] },
      { n: 'who', p: 3, k: 'leaf', t: 'string', c: 'input' },
    ]);
    const session = createSession(def, makeHost());
    session.addRepeat('homes');
    for (const home of ['homes[0]', 'homes[1]']) {
      session.set(`${home}/howmany`, '1');
      session.set(`${home}/people[0]/who`, home);
      session.set(`${home}/howmany`, '');
    }
    session.removeRepeat('homes[0]');
    session.setLang('en');
    session.set('homes[0]/howmany', '1');
    expect(session.view('homes[0]/people[0]/who').value).toBe('homes[1]');
    expect(session.snapshot().answers).toEqual({
      homes: [{ howmany: '1', people: [{ who: 'homes[1]' }] }],
    });
  });

  it('does not act for whom the count leaves out', () => {
    const trigger: FormDefinition['actions'][number] = { on: 'change', at: 3, set: 4, x: ['r', 3] };
    const def = made(
      [
        { n: 'howmany', p: 0, k: 'leaf', t: 'int', c: 'input' },
        { n: 'people', p: 0, k: 'repeat', count: ['r', 1] },
        {
          n: 'who',
          p: 2,
          k: 'leaf',
          t: 'string',
          calc: ['f', 'concat', ['r', 5], ['r', 6]],
        },
        { n: 'last', p: 0, k: 'leaf', t: 'string', c: 'input' },
        { n: 'word', p: 0, k: 'leaf', t: 'string', c: 'input' },
        { n: 'own', p: 2, k: 'leaf', t: 'string', c: 'input' },
      ],
      { actions: [trigger] },
    );
    const session = createSession(def, makeHost());
    session.set('howmany', '1');
    session.set('people[0]/own', '1');
    session.set('howmany', '');
    session.set('last', '');
    session.set('word', 'x');
    expect(session.view('last').value).toBe('');
    session.set('howmany', '1');
    expect(session.view('last').value).toBe('x1');
  });

  it('runs the actions of a new instance', () => {
    const def = made(
      [
        { n: 'howmany', p: 0, k: 'leaf', t: 'int', c: 'input' },
        { n: 'visits', p: 0, k: 'repeat', count: ['r', 1] },
        { n: 'on', p: 2, k: 'leaf', t: 'date', c: 'input' },
      ],
      {
        actions: [
          {
            on: 'repeat',
            at: 2,
            set: 3,
            x: ['op', '+', ['f', 'today'], ['f', 'position', ['r', 2]]],
          },
        ],
      },
    );
    const session = createSession(def, makeHost());
    session.set('howmany', '2');
    session.set('visits[0]/on', '2026-12-24');
    session.set('howmany', '3');
    const days = session.view('visits').children.map((child) => child.children[0]?.value);
    expect(days).toEqual(['2026-12-24', '2026-11-04', '2026-11-05']);
  });
});
