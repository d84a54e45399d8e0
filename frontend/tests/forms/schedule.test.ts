/** Follow-up tasks, as the server computes them too: tests/contract/schedule.json. */
import { describe, expect, it } from 'vitest';
import { type Subject, type Task, tasks, tasksFor } from '@/forms/schedule';
import type { EntityView, Program, ScheduleRule } from '@/protocol/types';
import { contract } from './contract';

const { rules, cases } = contract<{
  rules: ScheduleRule[];
  cases: { name: string; today: string; entities: Subject[]; tasks: Task[] }[];
}>('schedule');

it.each(cases)('$name', ({ today, entities, tasks: wanted }) => {
  expect(tasks(rules, entities, today)).toEqual(wanted);
});

describe("王芳's today list", () => {
  const pregnancy = (
    id: string,
    edd: string,
    scope: 'health' | 'housing' = 'health',
  ): EntityView => ({
    id,
    type: 'pregnancy',
    scope,
    areas: ['379901001001'],
    title: `预产期 ${edd}`,
    props: { status: 'on', edd, anc_slots: '1', contact_pref: 'visits' },
    live: {
      dating: [
        { v: { edd }, dot: 's:0', on: '2026-09-01', at: '2026-09-01T09:00:00Z', by: '王芳' },
      ],
    },
    conflicts: [],
    pending: false,
  });
  const anc2 = rules.find((rule) => rule.id === 'anc2') as ScheduleRule;
  const dated: ScheduleRule = {
    ...anc2,
    id: 'dated',
    opens: ['path', ['ctx'], ['child', 'edd'], ['attribute', 'on']],
  };
  const program = {
    id: 'antenatal',
    scope: 'health',
    types: { pregnancy: { props: { edd: { label: {}, kind: 'one', group: 'dating' } } } },
    schedule: [anc2, dated],
  } as unknown as Program;
  const list = (entities: EntityView[]) => (type: string) => (type === 'pregnancy' ? entities : []);
  const ids = (entities: EntityView[], role: string, today: string) =>
    tasksFor([program], list(entities), role, today).map((task) => `${task.id} ${task.state}`);

  it('has what is open for her role, soonest due first, and leaves out what comes later', () => {
    const zhang = pregnancy('zhang', '2027-02-10');
    const liu = pregnancy('liu', '2027-02-01');
    const far = pregnancy('far', '2027-07-01');
    expect(ids([zhang, far, liu], 'worker', '2026-09-10')).toEqual([
      'liu:anc2 due',
      'liu:dated due',
      'zhang:anc2 due',
      'zhang:dated due',
      'far:dated open',
    ]);
    expect(ids([zhang], 'nurse', '2026-09-10')).toEqual([]);
  });

  it('dates a value of a merge group by the group, and keeps to its scope', () => {
    const [task] = tasksFor(
      [program],
      list([pregnancy('far', '2027-07-01')]),
      'worker',
      '2026-09-10',
    );
    expect(task).toMatchObject({
      rule: 'dated',
      opens: '2026-09-01',
      form: anc2.form,
      label: anc2.label,
    });
    expect(ids([pregnancy('zhang', '2027-02-10', 'housing')], 'worker', '2026-09-10')).toEqual([]);
  });
});
