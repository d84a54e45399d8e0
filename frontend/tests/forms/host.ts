/** A host for sessions in tests: a fixed day, lists given as plain items, identifiers that count up. */
import type { FormHost, RegistryItem } from '@/protocol/types';

export interface HostInput {
  today?: string;
  role?: string;
  area?: string;
  instances?: Record<string, Record<string, string>[]>;
}

export const VILLAGE = '379901001001';

export function makeHost({
  today = '2026-11-02',
  role = 'worker',
  area = VILLAGE,
  instances = {},
}: HostInput = {}): FormHost {
  let made = 0;
  const me = { name: 'me', label: 'me', role, worker: 'wang', area };
  const lists: Record<string, readonly RegistryItem[]> = {
    session: [me],
    area: [{ name: VILLAGE, label: '柳树村' }],
  };
  for (const [list, items] of Object.entries(instances)) lists[list] = items as RegistryItem[];
  const items = (list: string): readonly RegistryItem[] => lists[list] ?? [];
  return {
    today: () => today,
    now: () => `${today}T09:30:00.000+08:00`,
    uuid: () => {
      made += 1;
      return `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
    },
    items,
    find: (list, prop, value) => items(list).filter((item) => item[prop] === value),
    meta: { deviceid: 'phone-1', username: 'wang' },
  };
}
