/**
 * One request, one honest answer: either what the server really said, or why there is none. A page of a captive portal,
 * a truncated body or the answer to another request are no answer. Never throws for what networks do.
 */
import { type Bytes, encode, gzipped, sha256 } from '@/crypto/bytes';
import { signRequest } from '@/crypto/device';
import { Garbled } from '@/protocol/shape';
import {
  type Answer,
  type Endpoint,
  PROTOCOL,
  type Requests,
  readAnswer,
  WIRE_TYPE,
} from '@/protocol/wire';

/** Why there is no answer. */
export type Failure =
  | 'offline'
  | 'timeout'
  | 'captive'
  | 'login'
  | 'signature'
  | 'revoked'
  | 'forbidden'
  | 'too_large'
  | 'busy'
  | 'server';

export type Result<T> =
  | { ok: true; value: T; ms: number }
  | { ok: false; why: Failure; code: string; retryAfter: number; fields: Field[] };
type Field = { path: string; message: string };

/** The outside world; tests put theirs here. */
export interface Net {
  fetch: typeof fetch;
  /** '' in the browser; where the server is, in tests. */
  origin: string;
  now(): number;
  online(): boolean;
  newId(): string;
}

export interface Credentials {
  id: string;
  keys: CryptoKeyPair;
}

const TIMEOUT = 60_000;
const GZIP_FROM = 512;
const PROBLEM = 'application/problem+json';

/** FS-SYNC/1 over this net. device: signs every request but the one that enrols it. */
export async function callSync<E extends Endpoint>(
  net: Net,
  endpoint: E,
  message: Requests[E],
  device: Credentials | null,
  signal: AbortSignal | null = null,
): Promise<Result<Answer<E>>> {
  const nonce = net.newId();
  const path = `/api/sync/${endpoint}`;
  const { body, headers } = await packed(JSON.stringify({ nonce, ...message }));
  if (device) {
    headers['X-FS-Device'] = device.id;
    headers['X-FS-Signature'] = await signRequest(device.keys, 'POST', path, body);
  }
  const init = { method: 'POST', headers: { ...headers, 'Content-Type': WIRE_TYPE }, body, signal };
  return exchange(net, path, init, TIMEOUT, async (response) =>
    readAnswer(endpoint, nonce, response.headers.get('Content-Type'), await response.json()),
  );
}

/** Ordinary JSON routes: session, catalogue, forms. `read` checks the body's shape. */
export function callJson<T>(
  net: Net,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  message: unknown,
  read: (body: unknown) => T,
  timeout = TIMEOUT,
): Promise<Result<T>> {
  const headers: Record<string, string> = { 'X-FS-Proto': PROTOCOL, Accept: 'application/json' };
  const init: RequestInit = { method, headers };
  if (message !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(message);
  }
  return exchange(net, path, init, timeout, async (response) => {
    if (response.status === 204) return read(undefined);
    const type = response.headers.get('Content-Type') ?? '';
    if (!type.startsWith('application/json')) throw new Garbled(type);
    return read(await response.json());
  });
}

/** A file whose SHA-256 is known: anything else under its address isn't from our server. */
export function callFile(
  net: Net,
  path: string,
  sha: string,
  timeout: number,
  signal: AbortSignal | null = null,
): Promise<Result<Bytes>> {
  const init = { method: 'GET', headers: { 'X-FS-Proto': PROTOCOL }, signal };
  return exchange(net, path, init, timeout, async (response) => {
    const bytes = new Uint8Array(await response.arrayBuffer());
    if ((await sha256(bytes)) !== sha) throw new Garbled('another file');
    return bytes;
  });
}

async function exchange<T>(
  net: Net,
  path: string,
  init: RequestInit,
  timeout: number,
  read: (response: Response) => Promise<T>,
): Promise<Result<T>> {
  if (!net.online()) return failure('offline');
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  init.signal?.addEventListener('abort', () => abort.abort(), { signal: abort.signal });
  const started = net.now();
  try {
    const response = await net.fetch(net.origin + path, {
      ...init,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'manual',
      signal: abort.signal,
    });
    if (!response.ok) return await refusal(response);
    return { ok: true, value: await read(response), ms: net.now() - started };
  } catch (error) {
    if (abort.signal.aborted) return failure('timeout');
    // A body that isn't JSON, or not the JSON that was promised, isn't from our server.
    const garbled = error instanceof Garbled || error instanceof SyntaxError;
    return failure(garbled ? 'captive' : 'offline');
  } finally {
    clearTimeout(timer);
  }
}

const failure = (why: Failure): Extract<Result<never>, { ok: false }> => ({
  ok: false,
  why,
  code: why,
  retryAfter: 0,
  fields: [],
});

/** A status that isn't success. Only our own problem document says who is to blame. */
async function refusal(response: Response): Promise<Result<never>> {
  const seconds = Number(response.headers.get('Retry-After'));
  const problem = await problemOf(response);
  return {
    ok: false,
    why: problem ? reasonOf(problem.code, response.status) : unexplained(response.status),
    code: problem?.code ?? '',
    retryAfter: Number.isFinite(seconds) ? seconds * 1000 : 0,
    fields: problem?.fields ?? [],
  };
}

async function problemOf(response: Response): Promise<{ code: string; fields: Field[] } | null> {
  if (!response.headers.get('Content-Type')?.startsWith(PROBLEM)) return null;
  try {
    const { code, fields } = (await response.json()) as { code?: unknown; fields?: unknown };
    return { code: String(code), fields: Array.isArray(fields) ? (fields as Field[]) : [] };
  } catch {
    return null;
  }
}

const REASONS: Record<string, Failure> = {
  login_required: 'login',
  bad_credentials: 'login',
  bad_code: 'login',
  // Something is to be done at the next log-in first.
  first_password: 'login',
  second_factor_required: 'login',
  bad_signature: 'signature',
  device_revoked: 'revoked',
  too_large: 'too_large',
  too_many_requests: 'busy',
  busy: 'busy',
};

function reasonOf(code: string, status: number): Failure {
  return REASONS[code] ?? (status >= 500 ? 'server' : 'forbidden');
}

/** Without our document: a proxy in between. Sizes and overload mean what they say, the rest is a portal's. */
function unexplained(status: number): Failure {
  if (status === 413) return 'too_large';
  if (status === 429 || status === 503) return 'busy';
  return status >= 500 ? 'server' : 'captive';
}

async function packed(text: string): Promise<{ body: Bytes; headers: Record<string, string> }> {
  const plain = encode(text);
  const headers: Record<string, string> = { 'X-FS-Proto': PROTOCOL };
  const body = plain.length < GZIP_FROM ? null : await gzipped(plain);
  if (!body) return { body: plain, headers };
  headers['Content-Encoding'] = 'gzip';
  return { body, headers };
}
