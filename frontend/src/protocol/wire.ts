/**
 * FS-SYNC/1 as the phone speaks it: the messages, and checks of every answer. An answer that fails its check, or doesn't
 * carry the request's nonce, is no answer (docs/sync.md). No I/O.
 */
import {
  type Check,
  type Checked,
  count,
  dict,
  flag,
  Garbled,
  hex16,
  list,
  nullable,
  object,
  oneOf,
  record,
  text,
  tuple,
  withDefault,
} from './shape';
import type {
  Area,
  ItemState,
  RegisterValue,
  Scope,
  WireChange,
  WireSid,
  WireValue,
} from './types';

export const PROTOCOL = '1';
export const WIRE_TYPE = 'application/vnd.fs-sync+json';
export const MAX_ITEMS = 50;

// ---- requests -----------------------------------------------------------------------------------

/**
 * A submission in a push: `body` is its JSON as finished, or `sealed` the same text sealed to the server, in base64; `sha` is
 * the hash of the text's UTF-8 bytes.
 */
export type PushItem = { id: string; n: number; sha: string } & (
  | { body: string }
  | { sealed: string }
);

export interface Requests {
  enrol: { install: string; name: string; key: JsonWebKey };
  push: { install: string; device: string; now: string; subs: PushItem[] };
  /** waiting: finished visits that the server doesn't have, by scope; only an open phone knows. */
  verify: { install: string; acked: string[]; n_max: number; waiting?: Record<string, number> };
  pull: {
    grants_ver: string;
    catalogue: string;
    feeds: Record<string, { epoch: string; seq: number; view: string }>;
    budget: number;
    /** Id of the terms the phone has; blank: none. */
    terms: string;
  };
  manifest: { feed: string; after: string };
  fetch: { feed: string; ids: string[] };
  /** A chunk of an attachment of `size` bytes, from position `at` on; data: base64 of at most 64 KiB. */
  blob: { sha: string; size: number; at: number; data: string; sealed?: string };
  blobs: { shas: string[] };
  /** Keys sealed to the server, in base64. */
  rescue: { password: string; keys: string[] };
}
export type Endpoint = keyof Requests;

// ---- answers ------------------------------------------------------------------------------------

const state = oneOf<ItemState>(
  'stored',
  'conflict',
  'duplicate',
  'variant',
  'quarantined',
  'later',
);
const why = withDefault<string | null>(nullable(text), null);

const area = record<Required<Area>>({
  code: text,
  name: text,
  parent: withDefault<string | null>(text, null),
  level: oneOf('district', 'town', 'village'),
  clinic: withDefault(text, ''),
  clinic_phone: withDefault(text, ''),
});

const value: Check<RegisterValue> = (v) =>
  v === null || typeof v === 'string' ? v : dict(text)(v);
const wireValue = tuple<WireValue>(value, count, count, withDefault(text, ''));
const wireSid = tuple<WireSid>(text, text, text, text);

const up = record<Extract<WireChange, { k: 'up' }>>({
  k: oneOf('up'),
  e: text,
  t: text,
  ver: hex16,
  s: oneOf<Scope | 'core'>('health', 'housing', 'core'),
  a: list(text),
  f: dict(list(wireValue)),
});
const leave = record<Required<Extract<WireChange, { k: 'leave' }>>>({
  k: oneOf('leave'),
  e: text,
  erase: withDefault(flag, false),
});
const change: Check<WireChange> = (v) =>
  object<{ k: string }>()(v).k === 'leave' ? leave(v) : up(v);

const termsOf = record({
  id: text,
  seal: record({ id: text, key: (v: unknown) => object<JsonWebKey>()(v) as JsonWebKey }),
  lease_days: count,
});
const terms = withDefault<Checked<typeof termsOf> | null>(nullable(termsOf), null);

const page = record({
  epoch: text,
  seq: count,
  more: flag,
  reset: withDefault(flag, false),
  view: withDefault(text, ''),
  ch: list(change),
  sum: hex16,
  count,
});

const answers = {
  enrol: record({
    device: text,
    user: record({ id: text, name: text, role: text }),
    grants_ver: text,
    feeds: list(text),
    areas: list(area),
    catalogue: text,
    terms,
  }),
  push: record({ results: list(record({ id: text, st: state, why })) }),
  verify: record({
    missing: list(text),
    durable: list(text),
    gaps: list(tuple<[number, number]>(count, count)),
    states: dict(record({ st: state, why })),
    revoked: withDefault(flag, false),
  }),
  pull: record({
    server_now: text,
    grants_ver: text,
    gained: list(text),
    lost: list(text),
    areas: withDefault<Area[] | null>(list(area), null),
    catalogue: text,
    sids: list(wireSid),
    feeds: dict(page),
    terms,
  }),
  manifest: record({
    epoch: text,
    seq: count,
    rows: list(tuple<[entity: string, ver: string]>(text, hex16)),
    more: flag,
  }),
  fetch: record({ sids: list(wireSid), ch: list(change) }),
  blob: record({
    sha: text,
    st: oneOf('partial', 'stored', 'durable', 'wrong', 'refused', 'later', 'missing'),
    have: count,
    why,
  }),
  blobs: record({
    states: dict(record({ st: oneOf('missing', 'partial', 'stored', 'durable'), have: count })),
  }),
  rescue: record({ keys: list(nullable(text)) }),
} satisfies Record<Endpoint, Check<unknown>>;

export type Answer<E extends Endpoint> = Checked<(typeof answers)[E]>;
export type PullAnswer = Answer<'pull'>;
export type Page = PullAnswer['feeds'][string];
export type PushResult = Answer<'push'>['results'][number];

/** The checked answer of `endpoint` to the request named `nonce`. Throws Garbled for anything else. */
export function readAnswer<E extends Endpoint>(
  endpoint: E,
  nonce: string,
  contentType: string | null,
  body: unknown,
): Answer<E> {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== WIRE_TYPE) {
    throw new Garbled(`content type ${contentType}`);
  }
  const envelope = record({ nonce: text, server_now: text })(body);
  if (envelope.nonce !== nonce) throw new Garbled('the answer to another request');
  const answer = answers[endpoint](body) as Answer<E>;
  if (endpoint === 'pull' || endpoint === 'fetch') checkIndexes(answer as Answer<'fetch' | 'pull'>);
  return answer;
}

/** Every value must name a submission that the same answer lists. */
function checkIndexes(answer: Answer<'fetch'> | Answer<'pull'>): void {
  const changes =
    'feeds' in answer ? Object.values(answer.feeds).flatMap((feed) => feed.ch) : answer.ch;
  for (const change of changes) {
    if (change.k === 'leave') continue;
    for (const [, sid] of Object.values(change.f).flat()) {
      if (sid >= answer.sids.length) throw new Garbled(`submission ${sid} isn't listed`);
    }
  }
}
