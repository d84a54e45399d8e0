/** A data list that came with a form: items made when they are first asked for, found by index. */
import { list, nullable, record, text } from '@/protocol/shape';
import type { RegistryItem } from '@/protocol/types';

interface Table {
  columns: string[];
  /** null: the item has no such child. */
  rows: (string | null)[][];
}
const table = record<Table>({ columns: list(text), rows: list(list(nullable(text))) });

export class AttachedList {
  private made: readonly RegistryItem[] | undefined;
  private readonly indexes = new Map<string, Map<string, RegistryItem[]>>();

  constructor(private readonly table: Table) {}

  /** Throws Garbled if it is no table. */
  static of(body: unknown): AttachedList {
    return new AttachedList(table(body));
  }

  get items(): readonly RegistryItem[] {
    const { columns, rows } = this.table;
    this.made ??= rows.map((cells) => {
      const item: Record<string, string> = {};
      columns.forEach((name, i) => {
        const cell = cells[i];
        if (cell !== null && cell !== undefined) item[name] = cell;
      });
      return item as RegistryItem;
    });
    return this.made;
  }

  find(prop: string, value: string): readonly RegistryItem[] {
    let index = this.indexes.get(prop);
    if (!index) {
      index = new Map();
      for (const item of this.items) {
        const key = item[prop];
        if (key === undefined) continue;
        const same = index.get(key);
        if (same) same.push(item);
        else index.set(key, [item]);
      }
      this.indexes.set(prop, index);
    }
    return index.get(value) ?? [];
  }
}
