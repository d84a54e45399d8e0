/** Whom and where a visit is about, told from its answers. */
import type { FormDefinition, FormSession, NodeView, Registry } from '@/protocol/types';

/** Lists the phone answers itself; a choice from them names no record. */
const OWN_LISTS = new Set(['area', 'session']);

export interface About {
  title: string;
  area: string | null;
}

function leaves(view: NodeView): NodeView[] {
  if (!view.relevant) return [];
  return view.kind === 'leaf' ? [view] : view.children.flatMap(leaves);
}

/**
 * The record chosen first, else the label of the first entity the form makes that stands on its own, else nothing.
 * `standsAlone`: whether records of a type hang from no other; a visit's date names nobody.
 */
export function aboutOf(
  def: FormDefinition,
  session: FormSession,
  registry: Registry,
  standsAlone: (type: string) => boolean,
): About {
  const answered = leaves(session.tree).filter((leaf) => leaf.value !== '');
  const inst = (leaf: NodeView) => def.nodes[leaf.node]?.items?.inst;
  const area = answered.find((leaf) => inst(leaf) === 'area')?.value ?? null;
  for (const leaf of answered) {
    const list = inst(leaf);
    if (!list || OWN_LISTS.has(list)) continue;
    const entity = registry.get(leaf.value);
    if (entity) return { title: entity.title, area: entity.areas[0] ?? area };
  }
  return { title: madeLabel(def, answered, standsAlone), area };
}

function madeLabel(
  def: FormDefinition,
  answered: NodeView[],
  standsAlone: (type: string) => boolean,
): string {
  for (const entity of def.entities.filter(({ list }) => standsAlone(list))) {
    const label = answered.find(
      (leaf) => def.nodes[leaf.node]?.p === entity.node && def.nodes[leaf.node]?.n === 'label',
    );
    // Half an address begins with the blank between its parts.
    if (label?.value.trim()) return label.value.trim();
  }
  return '';
}
