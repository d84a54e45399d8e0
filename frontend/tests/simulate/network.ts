/** What becomes of requests on their way, and of their answers on the way back. */
import { gunzipSync } from 'node:zlib';
import type { Parked, Request, SimPhone } from './phone';
import type { Said, Server } from './server';

export type Fate =
  /** Goes through. */
  | 'ok'
  /** Never arrives; may yet arrive later. */
  | 'lost'
  /** Arrives; its answer doesn't. */
  | 'mute'
  /** Arrives twice. */
  | 'twice'
  /** An earlier answer comes back instead. */
  | 'stale'
  /** Arrives; its answer is cut short. */
  | 'cut'
  /** A portal's page comes back instead. */
  | 'portal'
  /** The server says it can't now, or a proxy that it is too large. */
  | 500
  | 503
  | 413
  /** The server is killed at that statement. */
  | { die: number }
  /** The database is busy at that statement. */
  | { stumble: number }
  /** So often it is too busy to write the log: five tries of all, and five more of the first, which is told `later`. */
  | { busy: number };

/** What whoever watches the line learns of each request that the server worked on. */
export type Watch = (
  phone: SimPhone,
  request: Request,
  answer: { status: number; text: string } | null,
  arrives: boolean,
  /** The database was made to be busy. */
  stumbled: boolean,
) => void;

interface Faults {
  die?: number;
  stumble?: number;
  busy?: number;
}
const lostLine = () => new TypeError('the line broke');
const PORTAL = '<html><title>登录</title></html>';

/** Lets a waiting request meet its fate. */
export async function meet(
  server: Server,
  phone: SimPhone,
  parked: Parked,
  fate: Fate,
  watch: Watch,
): Promise<void> {
  phone.leave(parked);
  const answer = await fateOf(server, phone, parked, fate, watch);
  if (answer) parked.answer(answer);
  else parked.fail(lostLine());
}

async function fateOf(
  server: Server,
  phone: SimPhone,
  parked: Parked,
  fate: Fate,
  watch: Watch,
): Promise<Response | null> {
  if (fate === 'lost') {
    phone.astray.push(parked);
    return null;
  }
  if (fate === 'portal') return new Response(PORTAL, { headers: { 'Content-Type': 'text/html' } });
  if (typeof fate === 'number') return new Response('', { status: fate });
  if (fate === 'stale') {
    phone.astray.push(parked);
    return phone.answers.get(parked.path)?.clone() ?? null;
  }
  if (fate === 'twice') await send(server, phone, parked, watch, {}, false);
  const faults: Faults = typeof fate === 'object' ? fate : {};
  const arrives = fate !== 'mute' && fate !== 'cut';
  const response = await send(server, phone, parked, watch, faults, arrives);
  if (!response || fate === 'mute') return null;
  if (fate === 'cut') {
    const bytes = new Uint8Array(await response.arrayBuffer());
    return new Response(bytes.slice(0, bytes.length >> 1), { headers: response.headers });
  }
  phone.answers.set(parked.path, response.clone());
  return response;
}

/** One arrival at the server. arrives: whether the phone will see the answer. */
export async function send(
  server: Server,
  phone: SimPhone,
  request: Request,
  watch: Watch,
  faults: Faults,
  arrives: boolean,
): Promise<Response | null> {
  const { method, path, body } = request;
  const cookie = [...phone.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const said = await server.ask<Said>('http', {
    ...{ method, path, ...faults },
    headers: { ...request.headers, Cookie: cookie },
    body: Buffer.from(body).toString('base64'),
  });
  if ('died' in said) {
    watch(phone, request, null, false, false);
    return null;
  }
  const bytes = Buffer.from(said.body, 'base64');
  const stumbled = faults.stumble !== undefined || faults.busy !== undefined;
  watch(phone, request, { status: said.status, text: bytes.toString() }, arrives, stumbled);
  if (!arrives) return new Response(bytes, { status: said.status, headers: headersOf(said) });
  for (const [name, value] of said.headers) {
    if (name.toLowerCase() !== 'set-cookie') continue;
    const [, key = '', content = ''] = /^([^=]+)=([^;]*)/.exec(value) ?? [];
    phone.cookies.set(key, content);
  }
  const given = said.status === 204 ? null : bytes;
  return new Response(given, { status: said.status, headers: headersOf(said) });
}

const KEPT = new Set(['content-type', 'retry-after']);

function headersOf({ headers }: Extract<Said, { status: number }>): [string, string][] {
  return headers.filter(([name]) => KEPT.has(name.toLowerCase()));
}

/** The message of a request of ours. */
export function messageOf({ body, headers }: Request): Record<string, unknown> {
  const plain = headers['Content-Encoding'] === 'gzip' ? gunzipSync(body) : Buffer.from(body);
  return JSON.parse(plain.toString()) as Record<string, unknown>;
}
