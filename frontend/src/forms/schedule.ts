/**
 * Which follow-up tasks stand on a day: a pure function of the programs' rules and the entities' shown values.
 * The server's half is fieldapp/followup/schedule.py; cases that both run are tests/contract/schedule.json.
 */
import type { Expr, Program, RegistryItem, ScheduleRule } from '../protocol/types';
import { inCalendar, isoOf } from './dates';
import { evaluateItem } from './evaluate';
import { toBoolean, toNumber } from './values';

/** One reminder when a task is overdue, a second 14 days later, two weeks to act on it, and no more: nobody is chased. */
const LET_GO_AFTER_DAYS = 28;

export type TaskState = 'later' | 'open' | 'due' | 'overdue';

/** An entity as schedule rules see it; `marks` are `on` and `by` of each property. */
export interface Subject {
  id: string;
  type: string;
  props: Readonly<Record<string, string>>;
  marks: Readonly<Record<string, { on: string; by: string }>>;
}

/** Days are YYYY-MM-DD; `overdue` is the last day that is still in time, blank: never late. */
export interface Task {
  id: string;
  rule: string;
  entity: string;
  opens: string;
  due: string;
  overdue: string;
  /** `later` before `opens`, `open` until `due`, `due` until `overdue`, then `overdue`. */
  state: TaskState;
}

export interface DueTask extends Task {
  program: string;
  form: string;
  label: Record<string, string>;
}

function stateOf(today: string, task: Omit<Task, 'state'>): TaskState {
  if (today < task.opens) return 'later';
  if (task.overdue && today > task.overdue) return 'overdue';
  return today < task.due ? 'open' : 'due';
}

function itemOf(subject: Subject): RegistryItem {
  const item: RegistryItem = { ...subject.props, name: subject.id, label: '' };
  for (const [prop, { on, by }] of Object.entries(subject.marks)) {
    item[`${prop}/@on`] = on;
    item[`${prop}/@by`] = by;
  }
  return item;
}

/** The task a rule sets for an item; null where it doesn't apply, is done, has no day to open, or was let go. */
export function taskOf(
  rule: ScheduleRule,
  entity: string,
  item: RegistryItem,
  today: string,
): Task | null {
  const holds = (tree: Expr): boolean => toBoolean(evaluateItem(tree, item, today));
  const day = (tree: Expr, later = 0): string => {
    const days = toNumber(evaluateItem(tree, item, today)) + later;
    return inCalendar(days) ? isoOf(days) : '';
  };
  if (!holds(rule.when) || holds(rule.done)) return null;
  const opens = day(rule.opens);
  if (!opens) return null;
  const last = day(rule.overdue, LET_GO_AFTER_DAYS);
  if (last && today > last) return null;
  const task = {
    id: `${entity}:${rule.id}`,
    rule: rule.id,
    entity,
    opens,
    due: day(rule.due) || opens,
    overdue: day(rule.overdue),
  };
  return { ...task, state: stateOf(today, task) };
}

const order = (task: Task): string => `${task.due}\n${task.id}`;

function sorted<T extends Task>(found: T[]): T[] {
  const keyed = found.map((task): [string, T] => [order(task), task]);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, task]) => task);
}

/** The tasks that stand on `today`, soonest due first; those of one day by id. */
export function tasks(
  rules: readonly ScheduleRule[],
  subjects: readonly Subject[],
  today: string,
): Task[] {
  const found = subjects.flatMap((subject) => {
    const own = rules.filter((rule) => rule.type === subject.type);
    const item = own.length > 0 ? itemOf(subject) : null;
    return own.map((rule) => item && taskOf(rule, subject.id, item, today));
  });
  return sorted(found.filter((task) => task !== null));
}

/**
 * What a role's today list holds: the tasks of every program's rules for that role, over the records of one scope and its
 * programs (`items` as Registry.items). Tasks of state `later` are left out.
 */
export function tasksFor(
  programs: readonly Program[],
  items: (type: string) => readonly RegistryItem[],
  role: string,
  today: string,
): DueTask[] {
  const found: DueTask[] = [];
  for (const program of programs) {
    for (const rule of program.schedule.filter((it) => it.roles.includes(role))) {
      for (const item of items(rule.type)) {
        const task = taskOf(rule, item.name, item, today);
        if (!task || task.state === 'later') continue;
        found.push({ ...task, program: program.id, form: rule.form, label: rule.label });
      }
    }
  }
  return sorted(found);
}
