/** Opens a form: a draft where it was left, a returned visit to be corrected, or a new one about a record. */

import { planOf } from '@/forms/plan';
import type {
  Client,
  Draft,
  EntityView,
  FormDefinition,
  ReturnedTask,
  Scope,
} from '@/protocol/types';
import { keepingOf } from '../consent';
import { rootOf } from '../record';
import { givenFor } from '../starting';

export interface Opening {
  def: FormDefinition;
  draft: Draft | undefined;
  given: Record<string, string>;
  /** Answers that whoever opens it has given already. */
  answered?: Record<string, string>;
  scope: Scope;
  /** What reviewers wrote, while it stands. */
  returned: ReturnedTask | undefined;
  /** The visit it corrects, whatever became of that one since it was begun. */
  corrects: string | null;
  /** Area the visit belongs to until an answer says otherwise. */
  area: string;
  /** Title given to the draft earlier. */
  title: string;
}

export interface OpeningQuery {
  form?: string | undefined;
  record?: string | undefined;
  /** Set: the consent of `record` is to be asked. */
  take?: string | undefined;
  corrects?: string | undefined;
}

/** Null when there is nothing to open. Throws ClientError when the form isn't on this phone. */
export async function openForm(
  client: Client,
  draftId: string,
  query: OpeningQuery,
  village: string | null,
): Promise<Opening | null> {
  const stored = await client.draft(draftId);
  const corrects = stored ? stored.corrects : (query.corrects ?? null);
  const returned = client.returned().find((task) => task.submission === corrects);
  if (stored) {
    const def = await client.definition(stored.form, stored.version);
    const { draft, scope, area, title } = stored;
    return { def, draft, given: {}, scope, returned, corrects, area, title };
  }
  if (returned) {
    const def = await client.definition(returned.form, returned.fv);
    const { scope, area, title } = returned;
    const { answers, kept } = returned;
    const draft = { answers, touched: [], correcting: true, kept };
    return { def, draft, given: {}, scope, returned, corrects, area, title };
  }
  if (!query.form) return null;
  const def = await client.definition(query.form);
  const record = query.record ? client.registry(def.scope).get(query.record) : undefined;
  return {
    def,
    draft: undefined,
    given: (record && givenAbout(client, def, record)) ?? {},
    answered: (query.take && keepingOf(client.catalogue(), def.scope)?.take) || {},
    scope: def.scope,
    returned: undefined,
    corrects: null,
    area: record?.areas[0] ?? homeArea(client, def.scope, village),
    title: '',
  };
}

function givenAbout(client: Client, def: FormDefinition, record: EntityView) {
  const registry = client.registry(def.scope);
  return givenFor(def, record, rootOf(client.catalogue(), registry, def.scope, record));
}

/** The village in view if it is one of the person's own, else their first. */
function homeArea(client: Client, scope: Scope, village: string | null): string {
  const own = client.me().areas[scope] ?? [];
  return village && own.includes(village) ? village : (own[0] ?? '');
}

/** Reads a form and works out what depends on what in it, so that it opens without a wait. */
export async function prepareForm(client: Client, form: string): Promise<void> {
  planOf(await client.definition(form));
}
