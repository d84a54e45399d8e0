/** Who may stand where: first log-in, PIN, then everything. */
import type { Client } from '@/protocol/types';

/** Where a person has to go first, or null if they may go where they want. */
export function detour(
  phase: ReturnType<Client['phase']>,
  to: { name: unknown; fullPath: string; gate: boolean; field: boolean },
): { name: string; query?: Record<string, string>; replace: true } | null {
  if (!to.field) return null;
  if (phase === 'fresh') return to.name === 'welcome' ? null : { name: 'welcome', replace: true };
  if (phase === 'locked') {
    // A forgotten PIN is replaced by logging in again.
    if (to.name === 'unlock' || to.name === 'welcome') return null;
    return { name: 'unlock', query: to.gate ? {} : { to: to.fullPath }, replace: true };
  }
  return to.gate ? { name: 'today', replace: true } : null;
}
