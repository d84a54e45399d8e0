/** What a form may ask the phone: the registry's lists, the worker's villages, and who is working. */
import type { Area, FormHost, Me, RegistryItem, Scope } from '@/protocol/types';
import type { AttachedList } from './attached';
import { localDay, localMoment } from './clock';
import type { ScopeRegistry } from './registry';

export interface HostSources {
  registry: Pick<ScopeRegistry, 'items' | 'find'>;
  me: Me;
  areas: readonly Area[];
  /** Lists that came with the form. */
  attached: Readonly<Record<string, AttachedList>>;
  device: string;
  now(): number;
  newId(): string;
}

export function hostFor(scope: Scope, sources: HostSources): FormHost {
  const { registry, me, device, now, attached } = sources;
  const own: Record<string, readonly RegistryItem[]> = {
    area: villages(scope, sources),
    session: [session(scope, me)],
  };
  return {
    today: () => localDay(now()),
    now: () => localMoment(now()),
    uuid: sources.newId,
    items: (list) => own[list] ?? attached[list]?.items ?? registry.items(list),
    find: (list, prop, value) =>
      own[list]?.filter((item) => item[prop] === value) ??
      attached[list]?.find(prop, value) ??
      registry.find(list, prop, value).map((view) => view.item),
    meta: { deviceid: device, username: me.username },
  };
}

/** Only villages, and only this worker's in this scope: nobody has to type or know a code. */
function villages(scope: Scope, { areas, me }: HostSources): RegistryItem[] {
  const mine = new Set(me.areas[scope]);
  return areas
    .filter((area) => mine.has(area.code))
    .map(({ code, name, parent, level, clinic = '', clinic_phone = '' }) => ({
      name: code,
      label: name,
      parent: parent ?? '',
      level,
      clinic,
      clinic_phone,
    }));
}

function session(scope: Scope, me: Me): RegistryItem {
  const areas = me.areas[scope] ?? [];
  const area = areas.length === 1 ? (areas[0] ?? '') : '';
  return { name: 'me', label: me.name, role: me.role, worker: me.name, area };
}
