/** The review desk's way to the server: typed calls, and one error for whatever goes wrong. Knows no screen. */
import { contentLang } from '@/i18n';
import type { components } from '@/protocol/api';

type Schemas = components['schemas'];
export type Me = Schemas['Me'];
export type VisitRow = Schemas['VisitRow'];
export type Queue = Schemas['Queue'];
export type Visit = Schemas['Visit'];
export type Issue = Schemas['Issue'];
export type Issues = Schemas['Issues'];
export type Reading = Schemas['Reading'];
export type AnswerFile = Schemas['File'];
export type Change = Schemas['Change'];
export type ShownValue = Schemas['ShownValue'];
export type Note = Schemas['Note'];
export type ConflictRow = Schemas['ConflictRow'];
export type Conflicts = Schemas['Conflicts'];
export type Conflict = Schemas['Conflict'];
export type Member = Schemas['Member'];
export type Quarantined = Schemas['Quarantined'];
export type Kept = Schemas['Kept'];
export type PhoneRow = Schemas['Phone'];
export type Summary = Schemas['Summary'];
export type AreaRow = Schemas['Area'];
export type UserRow = Schemas['User'];
export type NewUser = Schemas['NewUser'];
export type DeviceRow = Schemas['Device'];
export type GrantRow = Schemas['Grant'];
export type FormsInUse = Schemas['FormsInUse'];
export type FormInUse = Schemas['FormInUse'];
export type Trials = Schemas['Trials'];
export type TrialRow = Schemas['Trial'];
export type FormProblemRow = Schemas['FormProblem'];
export type FormChangeRow = Schemas['FormChange'];
export type PublishedForm = Schemas['Published'];
export type RightsRow = Schemas['Request'];
export type FoundRow = Schemas['Found'];
export type Preview = Schemas['Preview'];
export type ErasureRow = Schemas['Erasure'];
export type Report = Schemas['Report'];
export type AccessLog = Schemas['Log'];
export type LogLine = Schemas['LogLine'];
export type LogPlace = Schemas['LogPlace'];
export type LookMatches = Schemas['EmergencyMatches'];
export type LookRow = Schemas['EmergencyLook'];
export type LentRecord = Schemas['Lent'];
export type PersonLog = Schemas['PersonLog'];
export type Chain = Schemas['Chain'];
export type HeldValue = Schemas['Held'];
export type State = VisitRow['state'];
export type Value = string | Record<string, string> | null;

interface ProblemBody {
  code?: string;
  title?: string;
  detail?: string;
  fields?: { path: string; message: string }[];
}

/** A refusal or a failure. `code` is the server's, or `offline` when no answer came. */
export class ApiProblem extends Error {
  readonly fields: { path: string; message: string }[];
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    fields?: { path: string; message: string }[],
  ) {
    super(code);
    this.fields = fields ?? [];
  }
}

let onLoggedOut: () => void = () => undefined;
/** What to do when the server says that the session has ended. */
export function whenLoggedOut(act: () => void): void {
  onLoggedOut = act;
}

export const get = <T>(path: string, query: Record<string, unknown> = {}): Promise<T> =>
  call('GET', path + queryText(query));
export const post = <T>(path: string, body?: unknown): Promise<T> => call('POST', path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => call('PATCH', path, body);
export const put = <T>(path: string, body: unknown): Promise<T> => call('PUT', path, body);
export const remove = (path: string): Promise<void> => call('DELETE', path);

/** `?a=1&b=2`; what is empty is left out. */
export function queryText(query: Record<string, unknown>): string {
  const given = Object.entries(query).filter(([, value]) => value !== '' && value != null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await send(method, path, body);
  if (answer.status === 204) return undefined as T;
  const content = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return content as T;
  const problem = (content ?? {}) as ProblemBody;
  const code = problem.code ?? 'offline';
  if (code === 'login_required') onLoggedOut();
  throw new ApiProblem(
    answer.status,
    code,
    problem.title ?? '',
    problem.detail ?? '',
    problem.fields,
  );
}

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'X-FS-Proto': '1', 'Accept-Language': contentLang() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(`/api/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new ApiProblem(0, 'offline', '', '');
  }
}
