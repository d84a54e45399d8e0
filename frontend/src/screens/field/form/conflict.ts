/** Where a question writes a register in which two people wrote different things. */
import type { EntityView, FormDefinition } from '@/protocol/types';
import { type Conflict, conflictsOf } from '../record';
import type { KnownType } from '../words';
import { registerOf } from '../words';

export interface SaveTarget {
  list: string;
  prop: string;
  /** Number of the node that holds the entity's id. */
  id: number;
}

/** Node number → what the answer is saved to; questions that save nothing are absent. */
export function saveTargets(def: FormDefinition): Map<number, SaveTarget> {
  const targets = new Map<number, SaveTarget>();
  for (const entity of def.entities) {
    const id = def.nodes.findIndex((node) => node.p === entity.node && node.n === '@id');
    for (const [at, prop] of entity.saves) {
      if (id >= 0) targets.set(at, { list: entity.list, prop, id });
    }
  }
  return targets;
}

/** The path of node `at`, in the same repeat instances as the answer at `path`. */
export function siblingPath(def: FormDefinition, at: number, path: string): string {
  const steps: string[] = [];
  const given = path.split('/');
  for (let number = at; number > 0; number = def.nodes[number]?.p ?? 0) {
    steps.unshift(def.nodes[number]?.n ?? '');
  }
  // Common steps carry the positions of `path`.
  for (let depth = 0; depth < steps.length; depth += 1) {
    const own = given[depth] ?? '';
    if (own.replace(/\[\d+\]$/, '') !== steps[depth]) break;
    steps[depth] = own;
  }
  return steps.join('/');
}

/** The conflict in the register of `prop`, if there is one and the form can settle it. */
export function conflictIn(
  known: KnownType | undefined,
  entity: EntityView | undefined,
  prop: string,
): Conflict | undefined {
  if (!known || !entity) return undefined;
  const register = registerOf(known, prop);
  return conflictsOf(known, entity).find((conflict) => conflict.register === register);
}
