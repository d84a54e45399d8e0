/** How choices are laid out. */
import type { Option } from '@/protocol/types';

const SHORT = 5;

/** Whether labels are so short that two stand side by side on a narrow phone: 是 / 否. */
export function fitsTwoColumns(options: readonly Option[]): boolean {
  return options.length > 1 && options.every((option) => width(option.label) <= SHORT);
}

/** In Chinese characters; a Latin letter counts as half of one. */
function width(label: string): number {
  return [...label].reduce((sum, char) => sum + (char.charCodeAt(0) < 256 ? 0.5 : 1), 0);
}
