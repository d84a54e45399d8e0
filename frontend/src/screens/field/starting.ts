/** Which forms can be opened about a record, and with which answers already chosen. */
import type { DraftMeta, EntityView, FormDefinition } from '@/protocol/types';
import { type Visit, visitRoute } from './places';

/** The path of a node outside repeats, as answers name it; null inside a repeat. */
export function pathOf(def: FormDefinition, at: number): string | null {
  const names: string[] = [];
  for (let number = at; number > 0; ) {
    const node = def.nodes[number];
    if (!node || node.k === 'repeat') return null;
    names.unshift(node.n);
    number = node.p;
  }
  return names.join('/');
}

/** Paths of the questions that choose a record of `type`. */
export function chooserPaths(def: FormDefinition, type: string): string[] {
  return def.nodes.flatMap((node, number) => {
    if (!node.c || node.items?.inst !== type) return [];
    const path = pathOf(def, number);
    return path ? [path] : [];
  });
}

/**
 * The answers with which a form opens about `entity`: its own chooser, else that of the record it hangs from.
 * Null when the form asks about neither.
 */
export function givenFor(
  def: FormDefinition,
  entity: EntityView,
  root?: EntityView,
): Record<string, string> | null {
  for (const about of root ? [entity, root] : [entity]) {
    const paths = chooserPaths(def, about.type);
    if (paths.length) return Object.fromEntries(paths.map((path) => [path, about.id]));
  }
  return null;
}

/** Leads to a new, still empty visit. */
export const newFormRoute = (form: string, about: Pick<Visit, 'record' | 'take'> = {}) =>
  visitRoute({ form, ...about });

/** Leads to where a returned visit is corrected: the draft begun for it, else a new one. */
export function correctionRoute(
  submission: string,
  drafts: readonly Pick<DraftMeta, 'id' | 'corrects'>[],
) {
  const begun = drafts.find((draft) => draft.corrects === submission);
  return visitRoute({ ...(begun && { draft: begun.id }), corrects: submission });
}
