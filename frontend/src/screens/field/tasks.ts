/** The day's agreed contacts, each with the person or place it is about. */
import { type DueTask, tasksFor } from '@/forms/schedule';
import type { Client, EntityView, Scope } from '@/protocol/types';
import { rootOf } from './record';

const DAY_MS = 86_400_000;

export interface Contact {
  task: DueTask;
  about: EntityView;
}

/** Soonest due first, so that what is longest past stands on top. `today`: YYYY-MM-DD. */
export function agreedContacts(client: Client, scope: Scope, today: string): Contact[] {
  const catalogue = client.catalogue();
  const registry = client.registry(scope);
  const programs = catalogue.programs.filter((program) => program.scope === scope);
  const found = tasksFor(programs, (type) => registry.list(type), client.me().role, today);
  return found.flatMap((task) => {
    const entity = registry.get(task.entity);
    if (!entity) return [];
    return [{ task, about: rootOf(catalogue, registry, scope, entity) ?? entity }];
  });
}

/** Whole days from one YYYY-MM-DD to another, negative when `to` is the earlier one. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}
