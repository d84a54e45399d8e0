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

/** Whether what stands for a member are dates, so that another one is entered as a date. */
export function holdsDates(
  conflict: Pick<Conflict, 'standing' | 'group'>,
  member: string,
): boolean {
  const texts = conflict.standing.map(({ v }) => {
    const value = v as Value;
    return conflict.group && value && typeof value === 'object' ? value[member] : value;
  });
  const given = texts.filter((text) => typeof text === 'string' && text !== '');
  return given.length > 0 && given.every((text) => /^\d{4}-\d{2}-\d{2}$/.test(String(text)));
}
