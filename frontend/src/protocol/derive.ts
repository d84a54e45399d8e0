/**
 * From a finished visit to what it writes: entities and register writes, as a pure function of the answers.
 * The server runs the same in fieldapp/forms/derive.py; both run tests/contract/derive.json. Rules and their order are
 * those of docs/form-definition.md, "From answers to entity writes".
 */
import { uuid5 } from '../forms/digest';
import { compile, frameOf, type World } from '../forms/evaluate';
import { type Instance, Tree } from '../forms/tree';
import { toBoolean, toText, type Value } from '../forms/values';
import type {
  Answers,
  Derived,
  DerivedWrite,
  DeriveRule,
  Expr,
  FormDefinition,
  Program,
  RegisterValue,
} from './types';

export const NAMESPACE = '9d3f3f0e-6f0c-5c1e-9a57-6a1f7c1d2b10';

type Groups = Readonly<Record<string, string>>;
type EntityBlock = FormDefinition['entities'][number];

/** The entities and writes of finished answers. `sid`: the submission's id. */
export function derive(
  def: FormDefinition,
  programs: readonly Program[],
  answers: Answers,
  sid: string,
): Derived {
  const own = programs.filter((program) => program.scope === def.scope);
  const tree = new Tree(def);
  tree.load(answers);
  const result: Derived = { on: dateOf(def, tree), entities: [], writes: [] };
  for (const block of def.entities) {
    const groups = groupsOf(own, block.list);
    for (const container of tree.all(block.in)) writeBlock(result, tree, block, container, groups);
  }
  const world = answersWorld(tree);
  const rules = own.flatMap((program) => program.derive).filter((rule) => rule.form === def.id);
  rules.forEach((rule, number) => {
    const groups = groupsOf(own, rule.list);
    placesOf(tree, rule).forEach((place, position) => {
      const evaluate = (expr: Expr): Value => compile(expr)(frameOf(world, place));
      applyRule(result, rule, evaluate, groups, `${sid}|${number}|${position}`);
    });
  });
  return result;
}

/** Merge group by property, for a type. */
function groupsOf(programs: readonly Program[], type: string): Groups {
  const groups: Record<string, string> = {};
  for (const program of programs) {
    for (const [prop, { group }] of Object.entries(program.types[type]?.props ?? {})) {
      if (group) groups[prop] = group;
    }
  }
  return groups;
}

function dateOf(def: FormDefinition, tree: Tree): string | null {
  if (def.date === undefined) return null;
  return tree.all(def.date).find((item) => item.raw !== '')?.raw ?? null;
}

/** Finished answers know no time, no chance and no registry. */
function answersWorld(tree: Tree): World {
  return {
    today: () => '',
    now: () => '',
    uuid: () => '',
    random: () => 0,
    items: () => [],
    nodes: (node, cur, held) => tree.nodes(node, cur, held),
    stored: (cur) => (cur as Instance | null)?.raw ?? '',
    choiceName: () => '',
  };
}

/** The value of a leaf under an instance; of a repeat in between, its first instance counts. */
function below(tree: Tree, container: Instance, node: number): string {
  const line: number[] = [];
  for (let n = node; n !== container.node && n >= 0; n = tree.shape.nodes[n]?.p ?? -1) line.push(n);
  let at: Instance | undefined = container;
  for (const step of line.reverse()) {
    at = at?.kids.find((kid) => kid.node === step);
    if (at?.kind === 'repeat') at = at.kids[0];
  }
  return at?.raw ?? '';
}

function enter(result: Derived, e: string, t: string, isNew: boolean): void {
  if (!result.entities.some((known) => known.e === e)) result.entities.push({ e, t, new: isNew });
}

/** One entity of the entities sheet, for one instance of its container. */
function writeBlock(
  result: Derived,
  tree: Tree,
  block: EntityBlock,
  container: Instance,
  groups: Groups,
): void {
  const mark = (name: string): string => {
    const leaf = tree.shape.kids[block.node]?.find((kid) => tree.shape.nodes[kid]?.n === name);
    return leaf === undefined ? '' : below(tree, container, leaf);
  };
  const [id, create, update] = [mark('@id'), isTrue(mark('@create')), isTrue(mark('@update'))];
  if (id === '' || !(create || update)) return;
  enter(result, id, block.list, create);
  const values = block.saves.map(([leaf, prop]): [string, string] => [
    prop,
    below(tree, container, leaf),
  ]);
  result.writes.push(...writesOf(id, values, groups));
}

const isTrue = (text: string): boolean => text === '1' || text === 'true';

/** One write per property or merge group, blank ones left out, at the place of the first member. */
function writesOf(e: string, values: readonly [string, string][], groups: Groups): DerivedWrite[] {
  const registers = new Map<string, Exclude<RegisterValue, null>>();
  for (const [prop, value] of values) {
    if (value === '') continue;
    const group = groups[prop];
    const members = group === undefined ? undefined : (registers.get(group) ?? {});
    if (group === undefined) registers.set(prop, value);
    else if (typeof members === 'object') registers.set(group, { ...members, [prop]: value });
  }
  return [...registers].map(([r, v]) => ({ e, r, v }));
}

/** Where a rule is evaluated: the root, or every instance of its repeat. */
function placesOf(tree: Tree, rule: DeriveRule): readonly Instance[] {
  if (!rule.each) return [tree.root];
  let node = 0;
  for (const name of rule.each.split('/')) {
    const child = tree.shape.kids[node]?.find((kid) => tree.shape.nodes[kid]?.n === name);
    // Another version of the form, without that repeat.
    if (child === undefined) return [];
    node = child;
  }
  return tree.all(node);
}

function applyRule(
  result: Derived,
  rule: DeriveRule,
  evaluate: (expr: Expr) => Value,
  groups: Groups,
  seed: string,
): void {
  if (!toBoolean(evaluate(rule.when))) return;
  const values = Object.entries(rule.set).map(([prop, expr]): [string, string] => [
    prop,
    toText(evaluate(expr)),
  ]);
  const id = ruleEntity(rule, evaluate, new Map(values), seed);
  if (id === '') return;
  const isNew = rule.new ? toBoolean(evaluate(rule.new)) : !rule.entity;
  enter(result, id, rule.list, isNew);
  result.writes.push(...writesOf(id, values, groups));
}

/** The id a rule writes to; blank if what should make it is blank. Without either way, one entity per visit. */
function ruleEntity(
  rule: DeriveRule,
  evaluate: (expr: Expr) => Value,
  values: ReadonlyMap<string, string>,
  seed: string,
): string {
  if (rule.entity) return toText(evaluate(rule.entity));
  const parts = rule.id ? rule.id.map((key) => values.get(key) ?? '') : [seed];
  return parts.every(Boolean) ? uuid5(NAMESPACE, [rule.list, ...parts].join('|')) : '';
}
