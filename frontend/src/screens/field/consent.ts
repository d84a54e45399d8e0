/** Whose consent stands where, as far as this phone knows. */
import { type Standing, said, standing } from '@/forms/consent';
import type {
  Catalogue,
  Client,
  ConsentKeeping,
  ConsentNeed,
  EntityView,
  Scope,
} from '@/protocol/types';

export function keepingOf(catalogue: Catalogue, scope: Scope): ConsentKeeping | undefined {
  return catalogue.programs.find((it) => it.scope === scope && it.consents)?.consents;
}

export function needOf(catalogue: Catalogue, form: string): ConsentNeed | undefined {
  return catalogue.forms.find((it) => it.id === form)?.consent;
}

/** Null where the form needs no consent, or nobody is named yet. */
export function standingOf(
  client: Client,
  scope: Scope,
  form: string,
  person: string,
): Standing | null {
  const need = needOf(client.catalogue(), form);
  const keeping = keepingOf(client.catalogue(), scope);
  if (!need || !keeping || !person) return null;
  const registry = client.registry(scope);
  const consent = registry
    .find(keeping.type, 'person', person)
    .find(({ props }) => props.scope === need.scope);
  return standing(
    consent && lastWord(consent),
    registry.get(person)?.props[keeping.born] ?? '',
    client.host(scope).today(),
    keeping.notices,
    need.children,
  );
}

function lastWord({ props, live }: EntityView): Readonly<Record<string, string>> {
  return said(
    props,
    Object.values(live).flatMap((values) => values.map(({ v }) => v)),
  );
}

/** The person a record is of: itself, or the root it hangs from. */
export function personOf(
  keeping: ConsentKeeping,
  entity: EntityView,
  root: EntityView | undefined,
): EntityView | undefined {
  return [entity, root].find((it) => it?.type === keeping.people);
}

export interface Agreed {
  scope: string;
  label: Record<string, string>;
  /** The clinic it names, blank otherwise. */
  recipient: string;
  standing: Standing;
}

/** What somebody said yes or no to, in the order of the program. */
export function agreedBy(client: Client, scope: Scope, person: EntityView): Agreed[] {
  const keeping = keepingOf(client.catalogue(), scope);
  if (!keeping) return [];
  const found = client.registry(scope).find(keeping.type, 'person', person.id);
  const born = person.props[keeping.born] ?? '';
  const today = client.host(scope).today();
  return Object.entries(keeping.scopes).flatMap(([name, label]) => {
    const one = found.find(({ props }) => props.scope === name);
    if (!one) return [];
    const recipient = one.props.recipient ?? '';
    const stands = standing(lastWord(one), born, today, keeping.notices);
    return [{ scope: name, label, recipient, standing: stands }];
  });
}
