/** Several choices as one answer: their codes with blanks between. Pure. */
import type { Option } from '@/protocol/types';

export const codesOf = (answer: string): Set<string> => new Set(answer.split(' ').filter(Boolean));

/** The answer with `code` added or taken away, in the order of the choices: the same answer is always the same text. */
export function toggled(
  chosen: ReadonlySet<string>,
  code: string,
  options: readonly Option[],
): string {
  const next = new Set(chosen);
  if (!next.delete(code)) next.add(code);
  return options
    .map((option) => option.value)
    .filter((value) => next.has(value))
    .join(' ');
}
