/** Stories of a form being filled that need more than answers in and answers out. */
import { describe, expect, it, vi } from 'vitest';
import { createSession, FormIncomplete } from '@/forms/session';
import type { Answers, Expr, FormDefinition, FormNode, FormSession } from '@/protocol/types';
import { awkward, made } from './awkward';
import { contract, form } from './contract';
import { type HostInput, makeHost } from './host';

const { registries } = contract<{ registries: Record<string, Required<HostInput>['instances']> }>(
  'sessions',
);
const health = registries.health as Required<HostInput>['instances'];
const housing = registries.housing as Required<HostInput>['instances'];

function changesOf(session: FormSession, act: () => void): string[] {
  const seen: string[] = [];
  const stop = session.subscribe((changed) => seen.push(...changed));
  act();
  stop();
  return seen.sort();
}

describe('a draft', () => {
  const filled = (): FormSession => {
    const session = createSession(form('preg_followup'), makeHost({ instances: health }));
    session.set('g_visit/person_id', 'c-zhang');
    session.set('g_visit/visit_mode', 'home');
    session.set('g_visit/contact_result', 'met');
    session.set('g_visit/still_ok', '1');
    session.set('g_visit/private_ok', '1');
    session.set('g_preg/g_ga/status', 'on');
    return session;
  };

  it('opens as it was left: answers, what was touched, and the ids it made', () => {
    const left = filled();
    const draft = JSON.parse(JSON.stringify(left.snapshot()));
    // Another host would count its ids from 1 again.
    const host = { ...makeHost({ instances: health }), uuid: () => 'new' };
    const back = createSession(form('preg_followup'), host, { draft });
    for (const id of ['g_visit/meta/entity/@id', 'g_preg/meta/entity/@id', 'meta/instanceID']) {
      expect(back.view(id).value).toBe(left.view(id).value);
    }
    expect(back.view('g_visit/person_id').touched).toBe(true);
    expect(back.snapshot()).toEqual(left.snapshot());
  });

  it('sees what the registry learned meanwhile: the pregnancy was recorded by a colleague', () => {
    const draft = filled().snapshot();
    const known = { name: 'p-new', label: '', person: 'c-zhang', edd: '2027-03-01', closed_on: '' };
    const instances = { ...health, pregnancy: [known] };
    const back = createSession(form('preg_followup'), makeHost({ instances }), { draft });
    expect(back.view('g_visit/is_new').value).toBe('0');
    expect(back.view('g_preg/meta/entity/@id').value).toBe('p-new');
    expect(back.view('g_preg/g_ga/edd_now').value).toBe('2027-03-01');
  });

  it('keeps a repeat that was emptied empty', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/met', 'met');
    session.removeRepeat('residents[0]');
    const draft = session.snapshot();
    const back = createSession(form('rental_register'), makeHost({ instances: housing }), {
      draft,
    });
    expect(back.view('residents').children).toEqual([]);
    expect(back.addRepeat('residents')).toBe('residents[0]');
  });

  it('of a first visit that came back asks the first visit’s questions again', () => {
    const left = filled();
    for (const [path, value] of [
      ['g_new/confirmed_by', 'clinic'],
      ['g_book/book_has', '0'],
      ['g_dating/edd_source', 'us'],
      ['g_dating/edd_in', '2027-03-01'],
      ['g_ga/status', 'transfer'],
    ] as const) {
      left.set(`g_preg/${path}`, value);
    }
    const answers = left.finish();
    // By now the registry holds the pregnancy that the visit itself recorded.
    const id = left.view('g_preg/meta/entity/@id').value;
    const recorded = { name: id, label: '', person: 'c-zhang', edd: '2027-03-01', closed_on: '' };
    const host = makeHost({ instances: { ...health, pregnancy: [recorded] } });
    const draft = { answers, touched: [], correcting: true };
    const back = createSession(form('preg_followup'), host, { draft });
    expect(back.finish()).toEqual(answers);
    const again = createSession(form('preg_followup'), host, { draft: back.snapshot() });
    again.set('g_preg/g_dating/edd_in', '2027-03-03');
    expect(again.finish()).toMatchObject({
      g_preg: { g_ga: { edd: '2027-03-03' }, meta: { entity: { '@id': id, '@create': 'true' } } },
    });
  });

  it('of a visit that came back keeps the ids of the visit', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/vsrc', 'self');
    session.set('g_visit/met', 'declined');
    const answers = session.finish();
    const back = createSession(
      form('rental_register'),
      { ...makeHost({ instances: housing }), uuid: () => 'new' },
      { draft: { answers, touched: [] } },
    );
    back.set('g_visit/met', 'notfound');
    expect(back.finish()).toMatchObject({ g_visit: { meta: (answers.g_visit as Answers).meta } });
  });
});

describe('problems', () => {
  it('are shown once a question was answered, or all of them when the worker wants to finish', () => {
    const session = createSession(form('consent_record'), makeHost());
    expect(session.view('g_start/known').problem).toBeUndefined();
    session.set('g_start/visit_date', '2026-11-03');
    expect(session.view('g_start/visit_date').problem).toMatch(/^日期不能晚于今天/);
    session.set('g_start/visit_date', '');
    expect(session.view('g_start/visit_date').problem).toBe('请填写日期。');
    expect(session.view('g_start/known').problem).toBeUndefined();
    const changed = changesOf(session, () =>
      expect(() => session.finish()).toThrow(FormIncomplete),
    );
    expect(changed).toEqual(['g_start/known']);
    expect(session.view('g_start/known').problem).toBe('请选一项。');
  });

  it('have words of their own where the form has none, in both languages', () => {
    const session = createSession(awkward, makeHost());
    expect(session.problems()).toEqual([{ path: 'name', kind: 'required', message: '此项必填' }]);
    session.setLang('en');
    expect(session.view('name').problem).toBe('Please answer this question');
  });

  it('tell a number from words', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/met', 'met');
    for (const [wrong, right] of [
      ['三', '3'],
      ['3.5', '3'],
      ['1e2', '100'],
    ] as const) {
      session.set('g_dw/g_let/occ_n', wrong);
      expect(session.view('g_dw/g_let/occ_n').problem).toBeTruthy();
      session.set('g_dw/g_let/occ_n', right);
      expect(session.view('g_dw/g_let/occ_n').problem).toBeUndefined();
    }
  });
});

describe('an answer', () => {
  it('tells of the views that it changes and of no other', () => {
    const session = createSession(form('consent_record'), makeHost());
    session.set('g_start/known', '0');
    expect(changesOf(session, () => session.set('g_start/lang_ok', '1'))).toContain(
      'g_consent/age14',
    );
    expect(changesOf(session, () => session.set('g_consent/c_method', 'oral'))).toEqual([
      'g_consent/c_method',
    ]);
    expect(changesOf(session, () => session.set('g_consent/age14', '0'))).toEqual([
      'g_consent/age14',
      'g_consent/child_note',
      'g_consent/guardian',
    ]);
  });

  it('in one instance leaves the others alone', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/met', 'met');
    session.addRepeat('residents');
    const changed = changesOf(session, () => session.set('residents[1]/r_consent', '1'));
    expect(changed.filter((path) => !path.startsWith('residents[1]/'))).toEqual([]);
    const ids = ['residents[0]/meta/entity/@id', 'residents[1]/meta/entity/@id'];
    const [first, second] = ids.map((path) => session.view(path).value);
    session.addRepeat('residents');
    session.removeRepeat('residents[2]');
    expect(ids.map((path) => session.view(path).value)).toEqual([first, second]);
    expect(first).not.toBe(second);
  });

  it('to the question of who it is fills in what is known, and takes it back with it', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/met', 'met');
    session.set('g_dw/g_place/dw_known', '1');
    session.set('g_dw/g_place/dw_id', 'd-1');
    const lessor = session.view('g_dw/g_let/lessor');
    expect(lessor).toMatchObject({ value: '周建军', prefilled: true, touched: false });
    session.set('g_dw/g_let/lessor', '周建军');
    expect(lessor).toMatchObject({ prefilled: true, touched: true });
    session.set('g_dw/g_let/lessor', '周建国');
    expect(lessor).toMatchObject({ prefilled: false, touched: true });
    session.set('g_dw/g_place/dw_id', '');
    expect(lessor).toMatchObject({ value: '', prefilled: false, touched: false });
    expect(session.snapshot().shown).toContain('g_dw/g_let/lessor');
  });

  it('of nobody doesn’t exist', () => {
    const session = createSession(awkward, makeHost());
    expect(() => session.set('nobody', '1')).toThrow('nobody');
    expect(() => session.set('g', '1')).toThrow('g');
    expect(() => session.addRepeat('h/extras')).toThrow('fixed');
  });
});

describe('given answers', () => {
  it('wait until they are asked before they fill in the rest', () => {
    const given = { 'g_dw/g_place/dw_known': '1', 'g_dw/g_place/dw_id': 'd-1', gone: 'x' };
    const host = makeHost({ instances: housing });
    const session = createSession(form('rental_register'), host, { given });
    expect(session.view('g_dw/g_let/lessor').value).toBe('');
    session.set('g_visit/met', 'absent');
    expect(session.view('g_dw/g_let/lessor')).toMatchObject({ value: '周建军', prefilled: true });
    session.set('g_dw/g_let/lessor', '周建国');
    session.set('g_visit/met', 'declined');
    session.set('g_visit/met', 'absent');
    expect(session.view('g_dw/g_let/lessor').value).toBe('周建国');
  });
});

describe('repeats', () => {
  const family = (): FormSession => {
    const session = createSession(awkward, makeHost());
    session.set('name', '王芳');
    session.set('kind', 'a');
    session.addRepeat('g/people');
    session.addRepeat('g/people');
    for (const [i, age] of ['30', '20', '50'].entries()) {
      session.set(`g/people[${i}]/who`, `${i}`);
      session.set(`g/people[${i}]/age`, age);
    }
    return session;
  };
  const all = (session: FormSession, name: string): string[] =>
    session.view('g/people').children.map(({ path }) => session.view(`${path}/${name}`).value);

  it('are summed up, and every instance sees it', () => {
    const session = family();
    expect(all(session, 'share')).toEqual(['0.3', '0.2', '0.5']);
    session.set('g/people[2]/age', '0');
    expect(all(session, 'share')).toEqual(['0.6', '0.4', '0']);
    session.removeRepeat('g/people[0]');
    expect(all(session, 'share')).toEqual(['1', '0']);
    session.set('g/people[0]/who', '');
    expect(all(session, 'share')).toEqual(['', '']);
  });

  it('know their places when one goes', () => {
    const session = family();
    expect(all(session, 'number')).toEqual(['1', '2', '3']);
    session.removeRepeat('g/people[1]');
    expect(all(session, 'number')).toEqual(['1', '2']);
    expect(all(session, 'who')).toEqual(['0', '2']);
  });

  it('ask more of each when there are several', () => {
    const session = createSession(awkward, makeHost());
    session.set('name', '王芳');
    expect(session.view('g/people[0]/who').required).toBe(false);
    session.addRepeat('g/people');
    expect(session.view('g/people[0]/who').required).toBe(true);
    session.removeRepeat('g/people[1]');
    expect(session.view('g/people[0]/who').required).toBe(false);
  });

  it('may be relevant one by one', () => {
    const def = made([
      { n: 'visits', p: 0, k: 'repeat', rel: ['op', '<', ['f', 'position', ['r', 1]], ['n', 3]] },
      { n: 'on', p: 1, k: 'leaf', t: 'string', c: 'input', def: 'x' },
    ]);
    const session = createSession(def, makeHost());
    session.addRepeat('visits');
    session.addRepeat('visits');
    expect(session.view('visits').children.map((child) => child.relevant)).toEqual([
      true,
      true,
      false,
    ]);
    expect(session.finish()).toEqual({ visits: [{ on: 'x' }, { on: 'x' }] });
    session.removeRepeat('visits[0]');
    expect(session.view('visits').children.map((child) => child.relevant)).toEqual([true, true]);
  });
});

describe('languages', () => {
  it('change all words and no answer', () => {
    const session = createSession(form('rental_register'), makeHost({ instances: housing }));
    session.set('g_visit/met', 'met');
    const before = session.snapshot();
    expect(session.view('g_visit/met').options?.[0]).toMatchObject({
      value: 'met',
      label: '见到本人',
    });
    session.setLang('en');
    expect(session.view('g_visit/met').options?.[0]).toMatchObject({ value: 'met', label: 'Met' });
    expect(session.tree.children[1]?.label).toBe('Visit');
    expect(session.snapshot()).toEqual(before);
  });

  it('fall back to what there is', () => {
    const def = made([{ n: 'a', p: 0, k: 'leaf', t: 'string', c: 'input', l: ['只有中文', null] }]);
    expect(createSession(def, makeHost(), { lang: 'en' }).view('a').label).toBe('只有中文');
    expect(createSession(def, makeHost(), { lang: 'fr' }).view('a').label).toBe('只有中文');
  });
});

describe('choices', () => {
  const filtered = (): FormDefinition => {
    const kind: Expr = ['path', ['ctx'], ['child', 'kind']];
    const where: Expr = ['op', 'and', ['op', '!=', kind, ['s', 'c']], ['op', '=', kind, ['r', 1]]];
    return made([
      { n: 'kind', p: 0, k: 'leaf', t: 'select', c: 'select1', items: { list: 'kind' } },
      { n: 'town', p: 0, k: 'leaf', t: 'select', c: 'select', items: { list: 'town', where } },
      {
        n: 'home',
        p: 0,
        k: 'leaf',
        t: 'select',
        c: 'select1',
        items: { inst: 'home', where, value: 'name', label: 'label' },
        rel: ['op', '!=', ['r', 2], ['s', '']],
      },
      {
        n: 'said',
        p: 0,
        k: 'leaf',
        t: 'string',
        calc: ['f', 'jr:choice-name', ['r', 3], ['r', 3]],
      },
    ]);
  };
  const home = [
    { name: '1', label: '一号院', kind: 'a', floor: '2' },
    { name: '2', label: '二号院', kind: 'b', floor: '5' },
  ];

  it('are filtered by other answers; what is no longer offered is taken back', () => {
    const session = createSession(filtered(), makeHost({ instances: { home } }));
    session.set('kind', 'a');
    session.set('town', 'x y');
    session.set('home', '1');
    expect(session.view('home').options).toEqual([
      { name: '1', label: '一号院', kind: 'a', floor: '2', value: '1' },
    ]);
    expect(session.view('said').value).toBe('一号院');
    session.set('kind', 'b');
    expect(session.view('town').value).toBe('');
    expect(session.view('town').options?.map((option) => option.value)).toEqual(['z', 'none']);
    expect(session.view('home')).toMatchObject({ relevant: false });
    session.set('town', 'z');
    expect(session.view('home')).toMatchObject({ relevant: true, value: '' });
  });

  it('come back with the filter that took them, unless something else was answered', () => {
    const floor: Expr = ['path', ['ctx'], ['child', 'floor']];
    const items = { list: 'home', where: ['op', '>=', floor, ['r', 1]] as Expr };
    const def = made(
      [
        { n: 'least', p: 0, k: 'leaf', t: 'int', c: 'input', def: '1' },
        { n: 'home', p: 0, k: 'leaf', t: 'select', c: 'select1', items },
        { n: 'homes', p: 0, k: 'leaf', t: 'select', c: 'select', items },
        { n: 'order', p: 0, k: 'leaf', t: 'select', c: 'rank', items },
        { n: 'said', p: 0, k: 'leaf', t: 'string', calc: ['r', 2] },
      ],
      { lists: { home: ['2', '5', '12'].map((v) => ({ v, l: [v], x: { floor: v } })) } },
    );
    const session = createSession(def, makeHost());
    const value = (path: string): string => session.view(path).value;
    session.set('home', '2');
    session.set('homes', '2 12');
    session.set('order', '12 2 5');
    session.set('least', '3');
    expect([value('home'), value('homes'), value('order')]).toEqual(['', '12', '12 5']);
    expect(session.finish()).toEqual({ least: '3', homes: '12', order: '12 5' });
    session.set('least', '33');
    session.set('homes', '');
    session.set('least', '1');
    expect([value('home'), value('homes'), value('order')]).toEqual(['2', '', '12 2 5']);
    expect(value('said')).toBe('2');
    session.set('least', '3');
    session.set('home', '5');
    session.set('least', '1');
    expect(value('home')).toBe('5');
  });

  it('that mention answers mean those of their own instance', () => {
    const def = made(
      [
        { n: 'people', p: 0, k: 'repeat' },
        { n: 'nick', p: 1, k: 'leaf', t: 'string', c: 'input' },
        { n: 'tie', p: 1, k: 'leaf', t: 'select', c: 'select1', items: { list: 'tie' } },
        {
          n: 'said',
          p: 1,
          k: 'leaf',
          t: 'string',
          calc: ['f', 'jr:choice-name', ['r', 3], ['r', 3]],
        },
      ],
      { lists: { tie: [{ v: 's', l: [{ parts: [['r', 2], '的姐妹'] }] }] } },
    );
    const session = createSession(def, makeHost());
    session.addRepeat('people');
    session.set('people[1]/tie', 's');
    session.set('people[0]/nick', '小梅');
    session.set('people[1]/nick', '春燕');
    const offered = (at: number) => session.view(`people[${at}]/tie`).options?.[0]?.label;
    expect([offered(0), offered(1)]).toEqual(['小梅的姐妹', '春燕的姐妹']);
    expect(session.view('people[1]/said').value).toBe('春燕的姐妹');
    const changed = changesOf(session, () => session.set('people[0]/nick', '小雨'));
    expect([offered(0), offered(1)]).toEqual(['小雨的姐妹', '春燕的姐妹']);
    expect(changed).toEqual(['people[0]/nick', 'people[0]/tie']);
  });

  it('of a long list are looked up, not walked through', () => {
    const host = makeHost({ instances: { home } });
    const find = vi.fn(host.find);
    const items = vi.fn(host.items);
    const session = createSession(filtered(), { ...host, find, items });
    session.set('kind', 'b');
    session.set('town', 'z');
    session.set('home', '2');
    expect(find.mock.calls.filter(([list]) => list === 'home').length).toBeGreaterThan(0);
    expect(items.mock.calls.filter(([list]) => list === 'home')).toEqual([]);
  });
});

it('questions that wait for each other come to rest', () => {
  const more = (node: number): Expr => [
    'op',
    '+',
    ['f', 'coalesce', ['r', node], ['n', 0]],
    ['n', 1],
  ];
  const def = made([
    { n: 'a', p: 0, k: 'leaf', t: 'int', calc: more(2) },
    { n: 'b', p: 0, k: 'leaf', t: 'int', calc: more(1) },
    { n: 'c', p: 0, k: 'leaf', t: 'string', c: 'input', rel: ['op', '!=', ['r', 1], ['s', '']] },
  ]);
  const session = createSession(def, makeHost());
  session.set('c', 'x');
  expect(session.finish()).toMatchObject({ c: 'x' });
});

it('the end of the visit is noted when it ends', () => {
  const def = made([
    { n: 'from', p: 0, k: 'leaf', t: 'dateTime', pre: 'start' },
    { n: 'to', p: 0, k: 'leaf', t: 'dateTime', pre: 'end' },
    { n: 'by', p: 0, k: 'leaf', t: 'string', pre: 'username' },
  ]);
  let now = '2026-11-02T09:00:00.000+08:00';
  const session = createSession(def, { ...makeHost(), now: () => now });
  now = '2026-11-02T09:20:00.000+08:00';
  expect(session.finish()).toEqual({ from: '2026-11-02T09:00:00.000+08:00', to: now, by: 'wang' });
});

describe('a repeat that the form itself fills in', () => {
  const nodes: FormNode[] = [
    {
      n: 'rooms',
      p: 0,
      k: 'repeat',
      begin: [
        { name: '', size: '3' },
        { name: '厨房', size: '9' },
      ],
    },
    { n: 'name', p: 1, k: 'leaf', t: 'string', c: 'input', def: '房间' },
    { n: 'size', p: 1, k: 'leaf', t: 'int', c: 'input', def: '12' },
    { n: 'all', p: 0, k: 'leaf', t: 'int', calc: ['f', 'sum', ['r', 3]] },
  ];

  it('begins with those instances; one more is like any other', () => {
    const session = createSession(made(nodes, { langs: ['zh'], actions: [] }), makeHost({}));
    expect(session.snapshot().answers).toEqual({
      rooms: [{ size: '3' }, { name: '厨房', size: '9' }],
      all: '12',
    });
    session.addRepeat('rooms');
    expect(session.view('rooms[2]/name').value).toBe('房间');
    expect(session.view('all').value).toBe('24');
  });
});
