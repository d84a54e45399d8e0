/** The value a reviewer enters to settle a conflict with something nobody wrote. */
import type { Conflict, Value } from './api';

/** Undefined while something is missing: a whole group has to be entered, since its members belong together. */
export function enteredValue(
  conflict: Pick<Conflict, 'members' | 'group'>,
  entered: Record<string, string>,
): Value | undefined {
  const texts = conflict.members.map(
    (member) => [member.name, entered[member.name] ?? ''] as const,
  );
  if (!conflict.group) return texts[0]?.[1] || undefined;
  const given = texts.filter(([, text]) => text !== '');
  return given.length ? Object.fromEntries(given) : undefined;
}
