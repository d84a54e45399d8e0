/** One record as a person reads it: its facts, what belongs to it, where two people wrote different things. */
import type { Catalogue, EntityView, FormDefinition, Registry, Scope } from '@/protocol/types';
import {
  isShown,
  type KnownType,
  propLabel,
  propWords,
  registerLabel,
  registerWords,
  typeOf,
  typesOf,
} from './words';

export interface Fact {
  prop: string;
  label: string;
  text: string;
  /** The record the value names, if it names one. */
  link: string | null;
}
export interface Conflict {
  register: string;
  label: string;
  values: { text: string; by: string; at: string }[];
}
export interface Related {
  type: KnownType;
  entities: EntityView[];
}

/** The record a person or place hangs from, if this one isn't a root itself. */
export function rootOf(
  catalogue: Catalogue,
  registry: Registry,
  scope: Scope,
  entity: EntityView,
): EntityView | undefined {
  const root = typeOf(catalogue, scope, entity.type)?.def.root;
  return root ? registry.get(entity.props[root] ?? '') : undefined;
}

/** `order`: properties as people are asked for them (`askedOrder`); others follow. */
export function factsOf(
  known: KnownType,
  registry: Registry,
  entity: EntityView,
  order: readonly string[] = [],
): Fact[] {
  const { root, area, props } = known.def;
  const names = new Set([...order.filter((prop) => prop in props), ...Object.keys(props)]);
  return [...names].flatMap((prop) => {
    const value = entity.props[prop] ?? '';
    // The root is shown as a link of its own, the area as the village's name, the title on top.
    if (value === '' || prop === root || prop === area || value === entity.title) return [];
    if (!isShown(known, prop)) return [];
    const other = registry.get(value);
    return [
      {
        prop,
        label: propLabel(known, prop),
        text: other ? other.title : propWords(known, prop, value),
        link: other ? other.id : null,
      },
    ];
  });
}

/** The properties of a type in the order in which the forms ask for them. */
export function askedOrder(definitions: readonly FormDefinition[], type: string): string[] {
  const saved = definitions.flatMap((def) =>
    def.entities.filter(({ list }) => list === type).flatMap(({ saves }) => saves),
  );
  return [...new Set(saved.map(([, prop]) => prop))];
}

/** Every type whose records hang from this one, newest first; types with none are left out. */
export function relatedTo(
  catalogue: Catalogue,
  registry: Registry,
  scope: Scope,
  entity: EntityView,
): Related[] {
  return typesOf(catalogue, scope).flatMap((type) => {
    if (!type.def.root) return [];
    const entities = [...registry.find(type.id, type.def.root, entity.id)].sort((a, b) =>
      newest(b).localeCompare(newest(a)),
    );
    return entities.length ? [{ type, entities }] : [];
  });
}

/** Titles of the other records that `entity` names, e.g. the resident of a tenancy. */
export function namedIn(known: KnownType, registry: Registry, entity: EntityView): string {
  return Object.keys(known.def.props)
    .filter((prop) => prop !== known.def.root)
    .flatMap((prop) => registry.get(entity.props[prop] ?? '')?.title ?? [])
    .join(' · ');
}

function newest(entity: EntityView): string {
  return Object.values(entity.live)
    .map((values) => values[0]?.on ?? '')
    .reduce((a, b) => (a > b ? a : b), '');
}

export function conflictsOf(known: KnownType, entity: EntityView): Conflict[] {
  return entity.conflicts
    .map((register) => ({
      register,
      label: registerLabel(known, register),
      values: (entity.live[register] ?? []).map((value) => ({
        text: registerWords(known, register, value.v),
        by: value.by,
        at: value.at,
      })),
    }))
    .filter(({ label }) => label !== '');
}
