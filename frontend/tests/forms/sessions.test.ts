/** Visits filled in step by step over the four forms: tests/contract/sessions.json, whose answers the server checks. */
import { expect, it } from 'vitest';
import { createSession } from '@/forms/session';
import type { Answers, FormSession, NodeView } from '@/protocol/types';
import { contract, form } from './contract';
import { type HostInput, makeHost } from './host';

type Step = ['set', string, string] | ['repeat', string] | ['remove', string];
type Shown = Partial<NodeView> & { offers?: string[] };

interface Story {
  name: string;
  form: string;
  lang?: string;
  host: HostInput & { registry: string };
  given?: Record<string, string>;
  steps: Step[];
  expect: { problems: string[]; views: Record<string, Shown>; answers?: Answers };
}

const { registries, cases } = contract<{
  registries: Record<string, HostInput['instances']>;
  cases: Story[];
}>('sessions');

function open({ form: id, host, lang, given }: Story): FormSession {
  const instances = { ...registries[host.registry], ...host.instances };
  return createSession(form(id), makeHost({ ...host, instances }), {
    ...(lang ? { lang } : {}),
    ...(given ? { given } : {}),
  });
}

function play(session: FormSession, steps: Step[]): void {
  for (const [what, path, value = ''] of steps) {
    if (what === 'set') session.set(path, value);
    else if (what === 'repeat') session.addRepeat(path);
    else session.removeRepeat(path);
  }
}

function shown(session: FormSession, path: string, wanted: Shown): Shown {
  const view = session.view(path);
  const keys = Object.keys(wanted) as (keyof Shown)[];
  const value = (key: keyof Shown) =>
    key === 'offers' ? view.options?.map((option) => option.value) : view[key];
  return Object.fromEntries(keys.map((key) => [key, value(key)]));
}

it.each(cases)('$form: $name', (story) => {
  const session = open(story);
  play(session, story.steps);
  const { views, problems, answers } = story.expect;
  const asked = session.problems();
  expect(asked.map(({ path, kind }) => `${path} ${kind}`)).toEqual(problems);
  for (const [path, wanted] of Object.entries(views)) {
    expect({ [path]: shown(session, path, wanted) }).toEqual({ [path]: wanted });
  }
  if (answers) expect(session.finish()).toEqual(answers);
  else expect(() => session.finish()).toThrow();
});
