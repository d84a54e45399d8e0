/** Choice lists of a form and of the registry, as options with labels and as items for expressions. */
import type {
  Choice,
  Expr,
  FormDefinition,
  FormNode,
  Option,
  RegistryItem,
} from '../protocol/types';
import { anySeed, seedOf, shuffled } from './chance';
import { offered } from './engine';
import { compile, type Frame, frameOf, type World } from './evaluate';
import { render, wordsOf } from './text';
import type { Instance } from './tree';
import { isNodes, type XNode } from './values';

export class Choices {
  private lists = new Map<string, readonly RegistryItem[]>();
  private readonly seeds = new WeakMap<Instance, number>();

  constructor(
    private readonly def: FormDefinition,
    private lang: number,
  ) {}

  setLang(lang: number): void {
    this.lang = lang;
    this.lists = new Map();
  }

  /** A static list as items (name, label, extra columns); undefined if the form has none of that name. */
  items(list: string, frame: Frame): readonly RegistryItem[] | undefined {
    const choices = this.def.lists[list];
    if (!choices) return undefined;
    let rows = this.lists.get(list);
    if (!rows) {
      rows = choices.map((choice) => this.row(choice, frame));
      if (wordsOf(this.def, list).length === 0) this.lists.set(list, rows);
    }
    return rows;
  }

  /** Do the words of a question's choices mention answers? */
  speak(item: Instance): boolean {
    return wordsOf(this.def, item.def.items?.list).length > 0;
  }

  private row(choice: Choice, frame: Frame): RegistryItem {
    const label = render(choice.l, this.lang, frame);
    return { name: choice.v, label, ...choice.x };
  }

  /** The options of a question, in order. */
  options(item: Instance, world: World): Option[] {
    const { value, label } = columns(item);
    return this.rows(item, world).map((row) => ({
      ...row,
      value: row[value] ?? '',
      label: row[label] ?? '',
    }));
  }

  private rows(item: Instance, world: World): readonly RegistryItem[] {
    const { list, inst = '', from, rand } = item.def.items ?? {};
    const rows = from
      ? answered(from, columns(item), frameOf(world, item))
      : offered(item, list ?? inst, world);
    return rand ? shuffled(rows, this.seed(item, rand, world)) : rows;
  }

  /** Without an expression, one that stays while the form is open. */
  private seed(item: Instance, rand: Expr | true, world: World): number {
    if (rand !== true) return seedOf(compile(rand)(frameOf(world, item)));
    const seed = this.seeds.get(item) ?? anySeed(world.random);
    this.seeds.set(item, seed);
    return seed;
  }

  /** Are all these codes in the question's static list? What the registry lists isn't held against an older answer. */
  admits(def: FormNode, answer: string): boolean {
    const choices = this.def.lists[def.items?.list ?? ''];
    if (!choices) return true;
    const codes = def.c === 'select1' ? [answer] : answer.trim().split(/\s+/);
    return codes.every((code) => choices.some((choice) => choice.v === code));
  }

  /** Values a question offers. */
  values(item: Instance, world: World): string[] {
    const { value } = columns(item);
    return this.rows(item, world).map((row) => row[value] ?? '');
  }

  /** Label of one choice of a question, asked for at `cur`; blank if there is none of that value. */
  label(node: number, code: string, world: World, cur: XNode | null): string {
    const items = this.def.nodes[node]?.items;
    const { list, inst, from, value = 'name', label = 'label' } = items ?? {};
    if (from) return answered(from, { value, label }, frameOf(world, cur), code)[0]?.[label] ?? '';
    const rows = list ? this.items(list, frameOf(world, cur)) : undefined;
    const found = rows?.find((row) => row.name === code);
    if (found) return found.label;
    if (!inst) return '';
    const [item] = world.find
      ? world.find(inst, value, code)
      : world.items(inst).filter((one) => one[value] === code);
    return item?.[label] ?? '';
  }
}

function columns(item: Instance): { value: string; label: string } {
  const { value = 'name', label = 'label', list } = item.def.items ?? {};
  return list ? { value: 'name', label: 'label' } : { value, label };
}

/** The text of a node's child, or of itself (`.`). */
const below = (node: XNode, name: string): string =>
  name === '.' ? node.text() : (node.child(name)[0]?.text() ?? '');

/** Instances of the form itself as choices, or those of a value; what is blank can't be chosen. */
function answered(
  from: Expr,
  { value, label }: { value: string; label: string },
  frame: Frame,
  code?: string,
): RegistryItem[] {
  const nodes = compile(from)(frame);
  return (isNodes(nodes) ? nodes : [])
    .map((node) => ({
      name: '',
      label: '',
      [value]: below(node, value),
      [label]: below(node, label),
    }))
    .filter((row) => row[value] !== '' && (code === undefined || row[value] === code));
}
