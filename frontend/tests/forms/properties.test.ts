/** What must hold for any order of answers, tried on the four forms and on one made to be awkward. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSession } from '@/forms/session';
import { Tree, within } from '@/forms/tree';
import type {
  Answers,
  AnswerValue,
  Draft,
  FormDefinition,
  FormHost,
  FormSession,
  NodeView,
} from '@/protocol/types';
import { awkward } from './awkward';
import { contract, FORMS, form } from './contract';
import { type HostInput, makeHost } from './host';

const { registries } = contract<{ registries: Record<string, HostInput['instances']> }>('sessions');

interface Form {
  def: FormDefinition;
  host: () => FormHost;
}

/** Always the same identifier: those that differ by how often they were asked for say nothing. */
function still(host: FormHost): FormHost {
  return { ...host, uuid: () => '00000000-0000-4000-8000-000000000000' };
}

const instances = { ...registries.health, ...registries.housing };
const all: [string, Form][] = [
  ...FORMS.map((id): [string, Form] => [
    id,
    { def: form(id), host: () => still(makeHost({ role: 'nurse', instances })) },
  ]),
  [
    'rental_register of a worker',
    { def: form('rental_register'), host: () => still(makeHost({ instances })) },
  ],
  ['awkward', { def: awkward, host: () => still(makeHost({ instances })) }],
];

type Move = { pick: number; value: number; word: string; kind: 'set' | 'add' | 'remove' | 'lang' };

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    pick: fc.nat(),
    value: fc.nat(),
    word: fc.constantFrom(
      '',
      '0',
      '1',
      '2',
      '9',
      '-1',
      '3.5',
      '2026-11-02',
      '2026-10-30',
      '王芳',
      'none',
      'x y',
      "'",
      '13800000001',
    ),
    kind: fc.constantFrom('set', 'set', 'set', 'set', 'set', 'set', 'add', 'remove', 'lang'),
  }),
  { maxLength: 40 },
);

function every(view: NodeView): NodeView[] {
  return [view, ...view.children.flatMap(every)];
}

/** Mostly something on offer, as a worker would answer; at times anything. */
function answerTo(view: NodeView, { value, word }: Move): string {
  const offered = view.options ?? [];
  return offered.length > 0 && value % 8 !== 0
    ? (offered[value % offered.length]?.value ?? '')
    : word;
}

function move(session: FormSession, def: FormDefinition, one: Move): void {
  const views = every(session.tree);
  const choose = (fits: (view: NodeView) => boolean): NodeView | undefined => {
    const fitting = views.filter(fits);
    return fitting[one.pick % Math.max(fitting.length, 1)];
  };
  const free = (view: NodeView): boolean =>
    !def.nodes[view.node]?.count && !def.nodes[view.node]?.fix;
  if (one.kind === 'set') {
    const asked = choose((v) => v.relevant && v.control !== undefined && v.control !== 'note');
    if (asked) session.set(asked.path, answerTo(asked, one));
  } else if (one.kind === 'add') {
    const repeat = choose((v) => v.kind === 'repeat' && free(v) && v.children.length < 4);
    if (repeat) session.addRepeat(repeat.path);
  } else if (one.kind === 'remove') {
    const instance = choose((v) => v.kind === 'instance' && free(v));
    if (instance) session.removeRepeat(instance.path);
  } else {
    session.setLang(def.langs[one.pick % def.langs.length] ?? '');
  }
}

function played({ def, host }: Form, list: readonly Move[]): FormSession {
  const session = createSession(def, host());
  for (const one of list) move(session, def, one);
  return session;
}

/** All a screen could show, flags of how it came about left aside. */
function state(session: FormSession): unknown[] {
  return every(session.tree).map((view) => ({
    path: view.path,
    relevant: view.relevant,
    required: view.required,
    readonly: view.readonly,
    label: view.label,
    hint: view.hint,
    value: view.value,
    options: view.options?.map((option) => `${option.value} ${option.label}`).join('|'),
  }));
}

/** The awkward form is small, and its answers seldom meet: it gets more tries. */
const runs = (id: string): { numRuns: number } => ({ numRuns: id === 'awkward' ? 300 : 20 });

describe.each(all)('%s, filled in any way,', (id, it_) => {
  it('is what it would be if its answers were put in at once', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const session = played(it_, [...list.filter((one) => one.kind !== 'lang')]);
        const again = createSession(it_.def, it_.host(), { draft: session.snapshot() });
        expect(state(again)).toEqual(state(session));
        expect(again.problems()).toEqual(session.problems());
        expect(again.snapshot()).toEqual(session.snapshot());
      }),
      runs(id),
    );
  });

  it('tells of every view that changes', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const session = createSession(it_.def, it_.host());
        const told = new Set<string>();
        session.subscribe((changed) => {
          for (const path of changed) told.add(path);
        });
        for (const one of list) {
          const before = new Map(every(session.tree).map((v) => [v.path, JSON.stringify(v)]));
          told.clear();
          move(session, it_.def, one);
          const silent = every(session.tree)
            .filter((v) => before.has(v.path) && own(before.get(v.path)) !== own(JSON.stringify(v)))
            .filter((v) => !told.has(v.path))
            .map((v) => v.path);
          expect(silent).toEqual([]);
        }
      }),
      runs(id),
    );
  });

  it('finishes with relevant answers only, or says what is missing', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const session = played(it_, list);
        const problems = session.problems();
        if (problems.length > 0) {
          expect(() => session.finish()).toThrow();
          for (const { path } of problems) expect(session.view(path).problem).toBeTruthy();
          return;
        }
        expect(strangers(session, session.finish())).toEqual([]);
      }),
      runs(id),
    );
  });

  it('finds views by path, and keeps each while its instance stands', () => {
    fc.assert(
      fc.property(moves, (list) => {
        const session = createSession(it_.def, it_.host());
        const known = new Map(every(session.tree).map((view) => [view, view.path]));
        for (const one of list.filter(({ kind }) => kind !== 'remove')) move(session, it_.def, one);
        for (const [view, path] of known) expect(session.view(path)).toBe(view);
        for (const view of every(session.tree)) expect(session.view(view.path)).toBe(view);
      }),
      runs(id),
    );
  });
});

/** A view's own fields: a container's JSON holds its children's too. */
function own(json: string | undefined): string {
  const { children, ...rest } = JSON.parse(json ?? '{}') as NodeView;
  return JSON.stringify({ ...rest, children: children.map((child) => child.path) });
}

/** Every answered leaf with its path. */
function* leaves(value: AnswerValue, path = ''): Generator<[string, string]> {
  if (typeof value === 'string') {
    yield [path, value];
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* leaves(item, `${path}[${i}]`);
  } else {
    for (const [name, below] of Object.entries(value)) {
      yield* leaves(below, path ? `${path}/${name}` : name);
    }
  }
}

/** Paths of finished answers that are blank, not relevant, or not what the view says. */
function strangers(session: FormSession, answers: Answers): string[] {
  const wrong = ([path, value]: [string, string]): boolean => {
    const view = session.view(path);
    return value === '' || !view.relevant || view.value !== value;
  };
  return [...leaves(answers)].filter(wrong).map(([path]) => path);
}

it('a draft of another version is taken as far as it fits', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      const parsed: unknown = JSON.parse(json);
      const answers = typeof parsed === 'object' && parsed !== null ? (parsed as Answers) : {};
      const draft: Draft = {
        answers: { gone: 'x', name: answers, ...answers } as Answers,
        touched: ['gone'],
      };
      const session = createSession(awkward, makeHost(), { draft });
      expect(session.view('name').value).toBe('');
    }),
  );
});

it('a tree of any answers gives them back', () => {
  const leaf = fc.constantFrom('a', 'b');
  const answers = fc.record({
    name: leaf,
    g: fc.record({
      people: fc.array(
        fc.record({ who: leaf, pets: fc.array(fc.record({ pet: leaf }), { minLength: 1 }) }),
        { minLength: 1 },
      ),
    }),
  });
  fc.assert(
    fc.property(answers, (given) => {
      const tree = new Tree(awkward);
      tree.load(given);
      expect(tree.answers(() => true)).toEqual(given);
      for (const item of within(tree.root)) expect(item.path).not.toContain('undefined');
    }),
  );
});
