/** Forms as they are filled in histories, from chances that were drawn beforehand. */
import { createSession } from '@/forms/session';
import type {
  Client,
  FinishInput,
  FormDefinition,
  FormSession,
  StoredDraft,
} from '@/protocol/types';
import type { SimPhone } from './phone';
import { KINDS, type VisitKind } from './steps';

const TYPES = { client: 'client', preg: 'pregnancy', home: 'dwelling', tenant: 'resident' };
const VILLAGES = ['379901001001', '379901001002'];
const PHONE_NUMBERS = ['1', '2', '3', '4', '5'].map((last) => `1380000000${last}`);
/** The name that the test server's form can't bear. */
export const POISON = 'POISON';

/** A visit being filled. */
export interface Filled {
  draft: StoredDraft;
  def: FormDefinition;
  session: FormSession;
  /** The record it is about, if it is known. */
  known: string | undefined;
}
export interface Choice {
  kind: VisitKind;
  pick: number;
  v: number;
}

export const pickOf = <T>(things: readonly T[], pick: number): T | undefined =>
  things[pick % (things.length || 1)];

/** Filled as far as it will be; null if this person doesn't fill such forms. */
export async function fill(
  phone: SimPhone,
  client: Client,
  choice: Choice,
): Promise<Filled | null> {
  const kind = kindFor(client, choice);
  if (!kind) return null;
  return fillIn(phone, client, { ...choice, kind });
}

/** Their own form, or another that they fill. */
function kindFor(client: Client, { kind, v }: Choice): VisitKind | undefined {
  const forms = new Set(client.catalogue().forms.map(({ id }) => id));
  const theirs = KINDS.filter((one) => forms.has(`sim_${one}`));
  return theirs.includes(kind) ? kind : pickOf(theirs, v);
}

async function fillIn(phone: SimPhone, client: Client, choice: Choice): Promise<Filled | null> {
  const def = await client.definition(`sim_${choice.kind}`);
  const area = pickOf(client.me().areas[def.scope] ?? [], choice.v);
  if (!area) return null;
  const session = createSession(def, client.host(def.scope, def));
  const known = choice.pick % 10 < 3 ? undefined : knownOf(phone, choice);
  for (const [path, value] of answersOf(phone, choice, known)) session.set(path, value);
  const draft = {
    ...{ id: phone.newId(), form: def.id, version: def.version, scope: def.scope },
    ...{ title: '', area, corrects: null, updated: new Date(phone.now()).toISOString() },
    draft: session.snapshot(),
  };
  return { draft, def, session, known };
}

/** A draft taken up again, perhaps with another answer. */
export async function resume(client: Client, draft: StoredDraft, v: number): Promise<Filled> {
  const def = await client.definition(draft.form, draft.version);
  const session = createSession(def, client.host(def.scope, def), { draft: draft.draft });
  const again = AGAIN[def.id];
  if (again && v % 2) session.set(again, anAnswer(again, v));
  return { draft, def, session, known: undefined };
}

/** A returned visit with another answer; null if none came back. */
export async function correct(
  phone: SimPhone,
  client: Client,
  pick: number,
  v: number,
): Promise<Filled | null> {
  const task = pickOf(client.returned(), pick);
  const again = task && AGAIN[task.form];
  if (!task || !again) return null;
  const def = await client.definition(task.form, task.fv);
  const { answers, kept } = task;
  const given = { answers, touched: [], correcting: true, kept };
  const session = createSession(def, client.host(def.scope, def), { draft: given });
  session.set(again, anAnswer(again, v));
  const draft = {
    ...{ id: phone.newId(), form: def.id, version: def.version, scope: def.scope },
    ...{ title: '', area: task.area, corrects: task.submission },
    ...{ updated: new Date(phone.now()).toISOString(), draft: session.snapshot() },
  };
  return { draft, def, session, known: undefined };
}

export function inputOf({ draft, def, session }: Filled): FinishInput {
  const { touched } = session.snapshot();
  const answers = session.finish();
  const { id: draftId, area, corrects } = draft;
  return { draftId, def, answers, touched, area, title: '', corrects };
}

/** A record the phone knows. */
function knownOf(phone: SimPhone, { kind, pick }: Choice): string | undefined {
  const scope = kind === 'client' || kind === 'preg' ? 'health' : 'housing';
  // The first of them most often, so that phones meet over them.
  const ids = idsOf(phone, scope, TYPES[kind]);
  return pickOf(pick % 4 ? ids.slice(0, 2) : ids, pick >> 2);
}

function idsOf(phone: SimPhone, scope: 'health' | 'housing', type: string): string[] {
  const list = phone.client?.registry(scope).list(type) ?? [];
  return list.map(({ id }) => id).sort();
}

const VALUES: Record<string, readonly string[]> = {
  name: ['张小梅', '刘春燕', '李秀珍'],
  phone: PHONE_NUMBERS,
  lessor: PHONE_NUMBERS,
  dob: ['1996-05-04', '1990-01-01'],
  area: VILLAGES,
  unit: ['1-1', '1-2', '2-1'],
  rooms: ['1', '2', '3'],
  status: ['on', 'on', 'born', 'ended'],
  slots: ['1', '2', '1 2'],
  edd: ['2027-03-01', '2027-04-01'],
  source: ['us', 'lmp'],
  sbp: ['120', '151'],
  dbp: ['80', '95'],
  number: ['E12345678', 'E87654321'],
};
const AGAIN: Record<string, string> = {
  sim_client: 'phone',
  sim_preg: 'edd',
  sim_home: 'lessor',
  sim_tenant: 'name',
};
const anAnswer = (question: string, v: number) => pickOf(VALUES[question] ?? [], v >> 1) ?? '';

const QUESTIONS: Record<VisitKind, { first: string[]; later: string[] }> = {
  client: { first: ['name', 'phone', 'dob', 'area'], later: ['phone', 'name', 'phone', 'area'] },
  preg: { first: ['status', 'slots', 'edd', 'source'], later: ['edd', 'status', 'edd', 'sbp'] },
  home: {
    first: ['unit', 'lessor', 'rooms', 'area'],
    later: ['lessor', 'rooms', 'lessor', 'area'],
  },
  tenant: { first: ['name', 'number'], later: ['name', 'home', 'number', 'home'] },
};

/** Everything about a new record; one or two things about one that is known. */
function* answersOf(
  phone: SimPhone,
  { kind, v }: Choice,
  known: string | undefined,
): Generator<[string, string]> {
  yield ['visit_date', new Date(phone.now()).toISOString().slice(0, 10)];
  if (known) yield [kind === 'client' ? 'person' : 'known', known];
  const { first, later } = QUESTIONS[kind];
  const asked = known ? [later[v % 4], later[(v >> 2) % 4]] : first;
  let at = v;
  for (const question of new Set(asked as string[])) {
    yield [question, question === 'home' ? homeOf(phone, v) : anAnswer(question, at)];
    at += 2;
  }
  if (!known && kind === 'preg')
    yield ['person', pickOf(idsOf(phone, 'health', 'client'), v) ?? ''];
  if (!known && kind === 'tenant') yield ['home', homeOf(phone, v)];
}

const homeOf = (phone: SimPhone, v: number) =>
  pickOf(idsOf(phone, 'housing', 'dwelling'), v >> 3) ?? '';
