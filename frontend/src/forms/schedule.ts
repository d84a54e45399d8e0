/**
 * Which follow-up tasks stand on a day: a pure function of the programs' rules and the entities' shown values.
 * The server's half is fieldapp/followup/schedule.py; cases that both run are tests/contract/schedule.json.
 */
import type { EntityView, Expr, Program, RegistryItem, ScheduleRule } from '../protocol/types';
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

/** When and by whom each shown value was written; a merge group's date is that of all its members. */
function marksOf(entity: EntityView, program: Program): Subject['marks'] {
  const marks: Record<string, { on: string; by: string }> = {};
  const props = program.types[entity.type]?.props ?? {};
  for (const prop of Object.keys(entity.props)) {
    const [shown] = entity.live[props[prop]?.group ?? prop] ?? [];
    if (shown) marks[prop] = { on: shown.on, by: shown.by };
  }
  return marks;
}

/**
 * What a role's today list holds: the tasks of every program's rules for that role, over the registry's entities
 * (`list` as Registry.list). Tasks of state `later` are left out.
 */
export function tasksFor(
  programs: readonly Program[],
  list: (type: string) => readonly EntityView[],
  role: string,
  today: string,
): DueTask[] {
  const items = new Map<EntityView, RegistryItem>();
  const itemFor = (entity: EntityView, program: Program): RegistryItem => {
    const known = items.get(entity);
    if (known) return known;
    const { id, type, props } = entity;
    const item = itemOf({
      id,
      type,
      props,
      marks: marksOf(entity, definer(programs, program, type)),
    });
    items.set(entity, item);
    return item;
  };
  const found: DueTask[] = [];
  for (const program of programs) {
    for (const rule of program.schedule.filter((it) => it.roles.includes(role))) {
      for (const entity of list(rule.type)) {
        if (entity.scope !== program.scope) continue;
        const task = taskOf(rule, entity.id, itemFor(entity, program), today);
        if (!task || task.state === 'later') continue;
        found.push({ ...task, program: program.id, form: rule.form, label: rule.label });
      }
    }
  }
  return sorted(found);
}

/** The program that defines a type: a rule may be about a type of another program of its scope. */
function definer(programs: readonly Program[], program: Program, type: string): Program {
  const defines = (it: Program): boolean => it.scope === program.scope && type in it.types;
  return program.types[type] ? program : (programs.find(defines) ?? program);
}
