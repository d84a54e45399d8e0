/** The day's agreed contacts, each with the person or place it is about. */

import type { ConsentState } from '@/forms/consent';
import { type DueTask, tasksFor } from '@/forms/schedule';
import type { Client, EntityView, Scope } from '@/protocol/types';
import { standingOf } from './consent';
import { rootOf } from './record';

const DAY_MS = 86_400_000;
/** Nobody is reminded of whoever said no, nor of a child that needs protection. */
const SILENT: ReadonlySet<ConsentState> = new Set(['declined', 'safeguarding']);

export interface Contact {
  task: DueTask;
  about: EntityView;
}

/** Soonest due first, so that what is longest past stands on top. `today`: YYYY-MM-DD. */
export function agreedContacts(client: Client, scope: Scope, today: string): Contact[] {
  const catalogue = client.catalogue();
  const registry = client.registry(scope);
  const programs = catalogue.programs.filter((program) => program.scope === scope);
  const found = tasksFor(programs, (type) => registry.items(type), client.me().role, today);
  return found.flatMap((task) => {
    const entity = registry.get(task.entity);
    if (!entity) return [];
    const about = rootOf(catalogue, registry, scope, entity) ?? entity;
    const consent = standingOf(client, scope, task.form, about.id);
    return consent && SILENT.has(consent.state) ? [] : [{ task, about }];
  });
}

/** Whole days from one YYYY-MM-DD to another, negative when `to` is the earlier one. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}
