/** The expressions that both evaluators agree on: tests/contract/expressions.json. */
import { describe, expect, it } from 'vitest';
import { Choices } from '@/forms/choices';
import { compile, type Frame, frameOf, itemWorld, type World } from '@/forms/evaluate';
import { ItemNode } from '@/forms/paths';
import { type Instance, Tree, within } from '@/forms/tree';
import { toBoolean, toNumber, toText } from '@/forms/values';
import { makeWorld } from '@/forms/world';
import type { Answers, Expr, FormDefinition, FormHost, RegistryItem } from '@/protocol/types';
import { contract } from './contract';

interface Context {
  definition?: FormDefinition;
  answers?: Answers;
  hidden?: string[];
  instances?: Record<string, RegistryItem[]>;
  today: string;
  now?: string;
  props?: Record<string, string>;
  marks?: Record<string, Record<string, string>>;
}

interface Case {
  name: string;
  in: string;
  at: string;
  expr: string;
  tree: Expr;
  string?: string;
  number?: number | string;
  boolean?: boolean;
}

const { contexts, cases } = contract<{ contexts: Record<string, Context>; cases: Case[] }>(
  'expressions',
);

function hostOf({ today, now = '', instances = {} }: Context): FormHost {
  const items = (list: string): RegistryItem[] => instances[list] ?? [];
  return {
    today: () => today,
    now: () => now,
    uuid: () => '0'.repeat(36),
    items,
    find: (list, prop, value) => items(list).filter((item) => item[prop] === value),
    meta: { deviceid: '', username: '' },
  };
}

function hide(tree: Tree, paths: readonly string[]): void {
  for (const item of within(tree.root)) {
    if (paths.some((path) => item.path === path || item.path.startsWith(`${path}/`))) {
      item.relevant = false;
    }
  }
}

function formFrame(context: Context, def: FormDefinition, at: string, indexed: boolean): Frame {
  const tree = new Tree(def);
  tree.load(context.answers ?? {});
  hide(tree, context.hidden ?? []);
  const host = hostOf(context);
  const world: World = makeWorld(def, host, new Choices(def, 0), () => tree);
  if (!indexed) delete world.find;
  const node = [...within(tree.root)].find((item) => item.path === at) as Instance;
  expect(node, `no ${at}`).toBeDefined();
  return frameOf(world, node);
}

function entityFrame({ props = {}, marks = {}, today }: Context): Frame {
  const item: RegistryItem = { ...props, name: props.name ?? '', label: '' };
  for (const [prop, of] of Object.entries(marks)) {
    for (const [mark, value] of Object.entries(of)) item[`${prop}/@${mark}`] = value;
  }
  return frameOf(itemWorld(today), new ItemNode(item));
}

function frameFor({ in: name, at }: Case, indexed: boolean): Frame {
  const context = contexts[name] as Context;
  return context.definition
    ? formFrame(context, context.definition, at, indexed)
    : entityFrame(context);
}

function agree(one: Case, indexed: boolean): void {
  const value = compile(one.tree)(frameFor(one, indexed));
  if (one.string !== undefined) expect(toText(value)).toBe(one.string);
  if (one.boolean !== undefined) expect(toBoolean(value)).toBe(one.boolean);
  if (one.number === undefined) return;
  const [got, wanted] = [toNumber(value), Number(one.number)];
  if (Number.isFinite(wanted))
    expect(got).toBeCloseTo(wanted, 9 - Math.ceil(Math.log10(Math.abs(wanted) + 1)));
  else expect(got).toBe(wanted);
}

describe.each([
  ['looked up by index', true],
  ['looked up one by one', false],
])('expressions, lists %s', (_, indexed) => {
  it.each(cases.map((one, i): [string, Case] => [`${i} ${one.in} ${one.at}: ${one.expr}`, one]))(
    '%s',
    (_name, one) => agree(one, indexed),
  );
});
