/** The scope a person works in now. Health and housing are never on screen together. */
import { type ComputedRef, computed } from 'vue';
import type { Client, Scope } from '@/protocol/types';
import { settings } from '@/ui/settings';

/** The chosen workspace if it is one of the person's own, else their first. */
export function useWorkspace(client: Client): ComputedRef<Scope> {
  const own = client.me().scopes;
  return computed(() =>
    settings.workspace && own.includes(settings.workspace)
      ? settings.workspace
      : (own[0] ?? 'health'),
  );
}

/** The village that lists are limited to, or null for all of the person's own in `scope`. */
export function villageIn(client: Client, scope: Scope): string | null {
  const own = client.me().areas[scope] ?? [];
  return settings.village && own.includes(settings.village) ? settings.village : null;
}
