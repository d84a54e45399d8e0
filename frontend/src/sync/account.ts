/** Logging in and enrolling this phone with the server. Says what went wrong as a ClientError; keeps nothing. */
import { type Check, dict, flag, list, oneOf, record, text, withDefault } from '@/protocol/shape';
import { ClientError, type Me, type Scope } from '@/protocol/types';
import type { Answer } from '@/protocol/wire';
import { type Credentials, callJson, callSync, type Failure, type Net, type Result } from './http';

const me: Check<Me> = record<Me>({
  id: text,
  name: text,
  username: text,
  role: text,
  scopes: list(oneOf<Scope>('health', 'housing')),
  areas: dict(list(text)),
  must_change_password: withDefault(flag, false),
  second_factor: withDefault(oneOf('on', 'off', 'required', 'none'), 'none'),
});

/** Keys of texts under `error.*`. */
const ERRORS: Record<Failure, string> = {
  offline: 'network',
  timeout: 'timeout',
  captive: 'captive',
  login: 'session',
  signature: 'session',
  revoked: 'revoked',
  forbidden: 'forbidden',
  too_large: 'unexpected',
  busy: 'rate_limited',
  server: 'server',
};

const CODES: Record<string, string> = {
  bad_credentials: 'credentials',
  code_required: 'code_required',
  bad_code: 'bad_code',
};

/** The value of an answer, or its failure thrown. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const key = CODES[result.code] ?? ERRORS[result.why];
  throw new ClientError(key, result.code, result.fields);
}

export async function logIn(
  net: Net,
  username: string,
  password: string,
  code?: string,
): Promise<Me> {
  const wish = { username, password, ...(code ? { code } : {}) };
  return unwrap(await callJson(net, 'POST', '/api/session', wish, me));
}

/** Ends the session again; that it may fail doesn't matter to anybody. */
export async function logOut(net: Net): Promise<void> {
  await callJson(net, 'DELETE', '/api/session', undefined, () => null);
}

/** Who is logged in now. */
export function whoAmI(net: Net): Promise<Result<Me>> {
  return callJson(net, 'GET', '/api/session', undefined, me);
}

/** Tells the server of this phone, also again after a new login: the same key stays the same device. */
export async function enrolDevice(
  net: Net,
  install: string,
  name: string,
  key: JsonWebKey,
): Promise<Answer<'enrol'>> {
  const device: Credentials | null = null;
  return unwrap(await callSync(net, 'enrol', { install, name, key }, device));
}

/** Opens keys that this phone sealed to the server, as far as it can; in base64. */
export async function rescueKeys(
  net: Net,
  device: Credentials,
  password: string,
  keys: string[],
): Promise<(string | null)[]> {
  return unwrap(await callSync(net, 'rescue', { password, keys }, device)).keys;
}
