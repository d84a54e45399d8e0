/** Follow-up tasks, as the server computes them too: tests/contract/schedule.json. */
import { describe, expect, it } from 'vitest';
import { type Subject, type Task, tasks, tasksFor } from '@/forms/schedule';
import type { Program, RegistryItem, ScheduleRule } from '@/protocol/types';
import { contract } from './contract';

const { rules, cases } = contract<{
  rules: ScheduleRule[];
  cases: { name: string; today: string; entities: Subject[]; tasks: Task[] }[];
}>('schedule');

it.each(cases)('$name', ({ today, entities, tasks: wanted }) => {
  expect(tasks(rules, entities, today)).toEqual(wanted);
});

describe("王芳's today list", () => {
  const pregnancy = (name: string, edd: string): RegistryItem => ({
    ...{ name, label: `预产期 ${edd}`, edd, 'edd/@on': '2026-09-01', 'edd/@by': '王芳' },
    ...{ status: 'on', anc_slots: '1', contact_pref: 'visits' },
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
    schedule: [anc2, dated],
  } as unknown as Program;
  const items = (all: RegistryItem[]) => (type: string) => (type === 'pregnancy' ? all : []);
  const ids = (all: RegistryItem[], role: string, today: string) =>
    tasksFor([program], items(all), role, today).map((task) => `${task.id} ${task.state}`);

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

  it('may be dated by when something was written', () => {
    const far = items([pregnancy('far', '2027-07-01')]);
    const [task] = tasksFor([program], far, 'worker', '2026-09-10');
    expect(task).toMatchObject({
      rule: 'dated',
      opens: '2026-09-01',
      form: anc2.form,
      label: anc2.label,
    });
  });
});
