/** Choice lists of a form and of the registry, as options with labels and as items for expressions. */
import type { Choice, FormDefinition, FormNode, Option, RegistryItem } from '../protocol/types';
import { offered } from './engine';
import { type Frame, frameOf, type World } from './evaluate';
import { render } from './text';
import type { Instance } from './tree';

export class Choices {
  private rows = new Map<string, readonly RegistryItem[]>();

  constructor(
    private readonly def: FormDefinition,
    private lang: number,
  ) {}

  setLang(lang: number): void {
    this.lang = lang;
    this.rows = new Map();
  }

  /** A static list as items (name, label, extra columns); undefined if the form has none of that name. */
  items(list: string, frame: Frame): readonly RegistryItem[] | undefined {
    const choices = this.def.lists[list];
    if (!choices) return undefined;
    let rows = this.rows.get(list);
    if (!rows) {
      rows = choices.map((choice) => this.row(choice, frame));
      this.rows.set(list, rows);
    }
    return rows;
  }

  private row(choice: Choice, frame: Frame): RegistryItem {
    return { ...choice.x, name: choice.v, label: render(choice.l, this.lang, frame) };
  }

  /** The options of a question, in order. */
  options(item: Instance, world: World): Option[] {
    const { list, inst = '', value = 'name', label = 'label' } = item.def.items ?? {};
    return offered(item, list ?? inst, world).map((row) => ({
      ...row,
      value: row[value] ?? '',
      label: row[label] ?? '',
    }));
  }

  /** Are all these codes in the question's static list? What the registry lists isn't held against an older answer. */
  admits(def: FormNode, answer: string): boolean {
    const choices = this.def.lists[def.items?.list ?? ''];
    if (!choices) return true;
    return answer
      .trim()
      .split(/\s+/)
      .every((code) => choices.some((choice) => choice.v === code));
  }

  /** Values a question offers. */
  values(item: Instance, world: World): string[] {
    const { list, inst = '', value = 'name' } = item.def.items ?? {};
    return offered(item, list ?? inst, world).map((row) => row[value] ?? '');
  }

  /** Label of one choice of a question; blank if there is none of that value. */
  label(node: number, value: string, world: World): string {
    const { list, inst, value: key = 'name', label = 'label' } = this.def.nodes[node]?.items ?? {};
    const rows = list ? this.items(list, frameOf(world, null)) : undefined;
    const found = rows?.find((row) => row.name === value);
    if (found) return found.label;
    if (!inst) return '';
    const [item] = world.find
      ? world.find(inst, key, value)
      : world.items(inst).filter((one) => one[key] === value);
    return item?.[label] ?? '';
  }
}
