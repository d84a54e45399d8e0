/** A phone for trying a form at the desk: made-up records of the right types, and nothing is ever kept or sent. */
import type {
  Client,
  EntityView,
  FormDefinition,
  FormFile,
  FormHost,
  Program,
  Registry,
  RegistryItem,
  Scope,
} from '@/protocol/types';
import { AttachedList } from '@/store/attached';
import { localDay, localMoment } from '@/store/clock';

export interface Rehearsal {
  definition: FormDefinition;
  programs: Program[];
  /** Lists that come with the form, and pictures and sounds in base64 by their hash. */
  tables: Record<string, unknown>;
  media: Record<string, string>;
  lang: 'zh' | 'en';
}

const PEOPLE = ['张小梅', '刘春燕', '王秀英'];
const VILLAGES = [
  { code: '379901001001', name: '柳林村' },
  { code: '379901001002', name: '石桥村' },
];
const DAY = 86_400_000;

export function rehearsalClient(rehearsal: Rehearsal): Client {
  const { definition: def, programs } = rehearsal;
  const registry = madeUp(def, programs);
  const blobs = new Map<string, { bytes: Uint8Array; type: string }>();
  const areas = VILLAGES.map((it) => ({ ...it, parent: null, level: 'village' as const }));
  const phone: Partial<Client> = {
    phase: () => 'open',
    me: () => ({
      id: 'me',
      name: '王芳',
      username: 'wang',
      role: 'worker',
      scopes: [def.scope],
      areas: { [def.scope]: areas.map((area) => area.code) },
    }),
    areas: () => areas,
    catalogue: () => ({ hash: '', programs, forms: [] }),
    definition: async () => def,
    registry: () => registry,
    host: () => hostOf(rehearsal, registry),
    formFile: async (file) => fileOf(rehearsal, file),
    drafts: () => [],
    draft: async () => undefined,
    saveDraft: async () => undefined,
    removeDraft: async () => undefined,
    finish: async () => '',
    outbox: () => [],
    returned: () => [],
    on: () => () => undefined,
    blobs: {
      put: async (bytes, type) => {
        const name = `${blobs.size}.${type.split('/')[1] ?? 'bin'}`;
        blobs.set(name, { bytes, type });
        return name;
      },
      get: async (name) => blobs.get(name),
      release: async () => undefined,
    },
  };
  return phone as Client;
}

function hostOf({ definition: def, tables }: Rehearsal, registry: Registry): FormHost {
  const attached = Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [name, AttachedList.of(table)]),
  );
  const own: Record<string, RegistryItem[]> = {
    area: VILLAGES.map(({ code, name }) => ({
      name: code,
      label: name,
      parent: '',
      level: 'village',
    })),
    session: [
      { name: 'me', label: '王芳', role: 'worker', worker: '王芳', area: VILLAGES[0]?.code ?? '' },
    ],
  };
  const items = (list: string) => own[list] ?? attached[list]?.items ?? registry.items(list);
  return {
    today: () => localDay(Date.now()),
    now: () => localMoment(Date.now()),
    uuid: () => crypto.randomUUID(),
    items,
    find: (list, prop, value) => items(list).filter((item) => item[prop] === value),
    meta: { deviceid: def.id, username: 'wang' },
  };
}

async function fileOf({ media }: Rehearsal, file: FormFile): Promise<Blob | undefined> {
  const content = media[file.sha];
  if (content === undefined) return undefined;
  return new Blob([Uint8Array.from(atob(content), (char) => char.charCodeAt(0))], {
    type: file.type,
  });
}

// ---- made-up records

function madeUp(def: FormDefinition, programs: Program[]): Registry {
  const entities = new Map<string, EntityView>();
  const wanted = new Set([...def.external, ...def.entities.map((block) => block.list)]);
  for (const program of programs.filter((it) => it.scope === def.scope)) {
    for (const type of Object.keys(program.types).filter((name) => wanted.has(name))) {
      for (const [at, person] of PEOPLE.entries()) {
        const entity = record(program, type, person, at, def.scope);
        entities.set(entity.id, entity);
      }
    }
  }
  const list = (type: string) => [...entities.values()].filter((entity) => entity.type === type);
  return {
    get: (id) => entities.get(id),
    list,
    find: (type, prop, value) => list(type).filter((entity) => entity.props[prop] === value),
    search: (text) => [...entities.values()].filter((entity) => entity.title.includes(text)),
    items: (type) =>
      list(type).map((entity) => ({ ...entity.props, name: entity.id, label: entity.title })),
  };
}

/** The first record of each type belongs to the first person, and so on, so that lookups find something. */
function record(
  program: Program,
  type: string,
  person: string,
  at: number,
  scope: Scope,
): EntityView {
  const def = program.types[type];
  const id = `made-up-${type}-${at}`;
  const props: Record<string, string> = {};
  for (const [name, prop] of Object.entries(def?.props ?? {})) {
    props[name] = sample(
      name,
      prop.label.zh ?? '',
      Object.keys(program.lists[prop.list ?? ''] ?? {}),
      person,
      at,
    );
  }
  if (def?.root) props[def.root] = `made-up-client-${at}`;
  const area = VILLAGES[at % VILLAGES.length]?.code ?? '';
  if (def?.area) props[def.area] = area;
  return {
    id,
    type,
    scope,
    areas: [area],
    title: person,
    props,
    live: {},
    conflicts: [],
    pending: false,
  };
}

function sample(name: string, label: string, codes: string[], person: string, at: number): string {
  if (codes.length) return codes[at % codes.length] ?? '';
  if (/日期|日$|时间|预产/.test(label)) return localDay(Date.now() - (at + 1) * 7 * DAY);
  if (/手机|电话/.test(label)) return `1380000000${at + 1}`;
  if (/姓名/.test(label) || name === 'full_name') return person;
  return label ? `${label} ${at + 1}` : '';
}
