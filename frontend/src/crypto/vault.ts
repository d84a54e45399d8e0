/**
 * The vault: a random data key, wrapped by a key from the PIN, by one from the log-in password, and, where the phone can, by
 * one from its fingerprint or screen lock (WebAuthn PRF). Any of them opens it; a PIN forgotten costs nothing. Pure of
 * storage; the caller keeps the `Vault`. docs/decisions/0010 weighs the costs.
 */
import { type Argon2Cost, argon2id } from './argon2';
import { type Bytes, encode, random } from './bytes';

const DATA_KEY: AesKeyGenParams = { name: 'AES-GCM', length: 256 };

/** How a secret was stretched. */
export type Kdf = ({ name: 'argon2id' } & Argon2Cost) | { name: 'pbkdf2'; iterations: number };
export const USUAL: Kdf = { name: 'argon2id', memory: 19 * 1024, passes: 2, lanes: 1 };
const WITHOUT_ARGON2 = { name: 'pbkdf2', iterations: 600_000 } as const satisfies Kdf;

/** A wrapped data key; everything in it may be stored in the clear. */
export interface Wrap {
  salt: ArrayBuffer;
  /** Missing: a wrap of the first builds, PBKDF2 of so many iterations without pepper. */
  kdf?: Kdf;
  iterations?: number;
  iv: ArrayBuffer;
  wrapped: ArrayBuffer;
}

/** By what the phone's own authenticator makes of the salt. */
export interface DeviceWrap {
  credential: ArrayBuffer;
  salt: ArrayBuffer;
  iv: ArrayBuffer;
  wrapped: ArrayBuffer;
}

export interface Vault {
  /** Which data key this is; part of what the wraps are bound to. */
  id: string;
  pin: Wrap;
  password: Wrap | null;
  device?: DeviceWrap;
}

export interface Opening {
  vault: Vault;
  /** Can't be exported. */
  key: CryptoKey;
}
export type Secrets = { pin: string; password: string } | { pin: string } | { password: string };
type Wrapped<S extends Secrets> = { [K in keyof S]: Wrap };

/** A key that this browser keeps and never gives away: without it a copied wrap can't be guessed at. */
export function createPepper(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/** A new data key under a PIN and a password. */
export async function createVault(
  id: string,
  secrets: { pin: string; password: string | null },
  pepper: CryptoKey,
): Promise<Opening> {
  const dataKey = await crypto.subtle.generateKey(DATA_KEY, true, ['encrypt', 'decrypt']);
  const pin = await wrapWith(id, dataKey, secrets.pin, pepper);
  const { password } = secrets;
  const second = password === null ? null : await wrapWith(id, dataKey, password, pepper);
  return { vault: { id, pin, password: second }, key: await closed(dataKey) };
}

/** The data key, or null if the secret is wrong. */
export async function openWrap(
  id: string,
  wrap: Wrap,
  secret: string,
  pepper: CryptoKey | null,
): Promise<CryptoKey | null> {
  return unwrap(id, wrap, await keyFor(secret, wrap, pepper), false);
}

/** The same data key, opened by `secret` through `wrap`, wrapped anew by `secrets`; null if the secret is wrong. */
export async function rewrap<V extends Pick<Vault, 'id'>, S extends Secrets>(
  vault: V,
  by: { wrap: Wrap; secret: string },
  secrets: S,
  pepper: CryptoKey,
): Promise<{ vault: V & Wrapped<S>; key: CryptoKey } | null> {
  const dataKey = await unwrap(vault.id, by.wrap, await keyFor(by.secret, by.wrap, pepper), true);
  if (!dataKey) return null;
  const wraps: Record<string, Wrap> = {};
  for (const [name, secret] of Object.entries(secrets))
    wraps[name] = await wrapWith(vault.id, dataKey, secret, pepper);
  return { vault: { ...vault, ...(wraps as Wrapped<S>) }, key: await closed(dataKey) };
}

/** A wrap of the kind made now. */
export const isUsual = ({ kdf }: Wrap): boolean => kdf?.name === USUAL.name;

// ---- by the phone's own authenticator -------------------------------------------------------------

/** What an authenticator makes of a salt, by one of its credentials. */
export interface Made {
  credential: ArrayBuffer;
  salt: ArrayBuffer;
  output: ArrayBuffer;
}

/** A wrap by the authenticator's output beside the others; null if the PIN is wrong. */
export async function addDevice(
  vault: Vault,
  pin: string,
  made: Made,
  pepper: CryptoKey,
): Promise<Vault | null> {
  const dataKey = await unwrap(vault.id, vault.pin, await keyFor(pin, vault.pin, pepper), true);
  if (!dataKey) return null;
  const { credential, salt, output } = made;
  const key = await wrapping(output, salt, 'fieldapp/wrap/device');
  return { ...vault, device: { credential, salt, ...(await wrapBy(vault.id, dataKey, key)) } };
}

export async function openByDevice(
  id: string,
  wrap: DeviceWrap,
  output: ArrayBuffer,
): Promise<CryptoKey | null> {
  return unwrap(id, wrap, await wrapping(output, wrap.salt, 'fieldapp/wrap/device'), false);
}

// ---- keys from secrets ----------------------------------------------------------------------------

async function wrapWith(
  id: string,
  dataKey: CryptoKey,
  secret: string,
  pepper: CryptoKey,
): Promise<Wrap> {
  const salt = random(16).buffer;
  const { kdf, bytes } = await stretch(secret, salt);
  const key = await peppered(bytes, salt, pepper);
  return { salt, kdf, ...(await wrapBy(id, dataKey, key)) };
}

/** As well as this browser can. */
async function stretch(secret: string, salt: ArrayBuffer): Promise<{ kdf: Kdf; bytes: Bytes }> {
  try {
    return { kdf: USUAL, bytes: await stretched(secret, salt, USUAL) };
  } catch {
    return { kdf: WITHOUT_ARGON2, bytes: await stretched(secret, salt, WITHOUT_ARGON2) };
  }
}

function stretched(secret: string, salt: ArrayBuffer, kdf: Kdf): Promise<Bytes> {
  const bytes = encode(secret.normalize('NFKC'));
  return kdf.name === 'argon2id' ? argon2id(bytes, salt, kdf) : pbkdf2(bytes, salt, kdf.iterations);
}

async function pbkdf2(secret: Bytes, salt: ArrayBuffer, iterations: number): Promise<Bytes> {
  const material = await crypto.subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, material, 256));
}

async function keyFor(secret: string, wrap: Wrap, pepper: CryptoKey | null): Promise<CryptoKey> {
  const { salt, kdf, iterations = WITHOUT_ARGON2.iterations } = wrap;
  if (kdf && pepper) return peppered(await stretched(secret, salt, kdf), salt, pepper);
  if (kdf) throw new Error('the pepper is gone');
  const bytes = await stretched(secret, salt, { name: 'pbkdf2', iterations });
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['wrapKey', 'unwrapKey']);
}

async function peppered(bytes: Bytes, salt: ArrayBuffer, pepper: CryptoKey): Promise<CryptoKey> {
  const spice = new Uint8Array(await crypto.subtle.sign('HMAC', pepper, salt));
  const both = new Uint8Array(bytes.length + spice.length);
  both.set(bytes);
  both.set(spice, bytes.length);
  return wrapping(both.buffer, salt, 'fieldapp/wrap');
}

async function wrapping(from: ArrayBuffer, salt: ArrayBuffer, info: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', from, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: encode(info) };
  return crypto.subtle.deriveKey(how, material, DATA_KEY, false, ['wrapKey', 'unwrapKey']);
}

// ---- wrapping -------------------------------------------------------------------------------------

async function wrapBy(id: string, dataKey: CryptoKey, key: CryptoKey) {
  const iv = random(12);
  const bytes = await crypto.subtle.wrapKey('raw', dataKey, key, bound(id, iv));
  return { iv: iv.buffer, wrapped: bytes };
}

async function unwrap(
  id: string,
  { wrapped, iv }: { wrapped: ArrayBuffer; iv: ArrayBuffer },
  key: CryptoKey,
  extractable: boolean,
): Promise<CryptoKey | null> {
  const how = bound(id, iv);
  const uses: KeyUsage[] = ['encrypt', 'decrypt'];
  try {
    return await crypto.subtle.unwrapKey('raw', wrapped, key, how, DATA_KEY, extractable, uses);
  } catch (error) {
    // GCM says only that it doesn't fit: the secret is wrong.
    if (error instanceof Error && error.name === 'OperationError') return null;
    throw error;
  }
}

const bound = (id: string, iv: BufferSource): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: encode(`vault\u2016${id}`),
});

async function closed(dataKey: CryptoKey): Promise<CryptoKey> {
  const raw = await crypto.subtle.exportKey('raw', dataKey);
  return crypto.subtle.importKey('raw', raw, DATA_KEY, false, ['encrypt', 'decrypt']);
}

/** Six or more digits that aren't one digit or a plain sequence; or a passphrase of eight or more characters. */
export function isStrongEnough(pin: string): boolean {
  if (!/^\d+$/.test(pin)) return [...pin].length >= 8;
  const steps = new Set([...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i])));
  const step = [...steps][0] ?? 0;
  return pin.length >= 6 && !(steps.size === 1 && Math.abs(step) <= 1);
}
