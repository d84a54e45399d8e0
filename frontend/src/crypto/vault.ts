/**
 * The vault: a random data key, wrapped by a key from the PIN and by one from the log-in password. The second wrap means
 * that a forgotten PIN costs no unsent visit: log in, choose a new PIN. Pure of storage; the caller keeps the `Vault`.
 */
import { type Bytes, encode, random } from './bytes';

export const ITERATIONS = 600_000;
const DATA_KEY: AesKeyGenParams = { name: 'AES-GCM', length: 256 };

/** A wrapped data key; everything in it may be stored in the clear. */
export interface Wrap {
  salt: ArrayBuffer;
  iterations: number;
  iv: ArrayBuffer;
  wrapped: ArrayBuffer;
}

export interface Vault {
  /** Which data key this is; part of what the wraps are bound to. */
  id: string;
  pin: Wrap;
  password: Wrap | null;
}

/** A secret ready to wrap and unwrap, with the salt it was stretched with. */
export interface Stretched {
  salt: ArrayBuffer;
  iterations: number;
  key: CryptoKey;
}

/** PBKDF2-SHA256. About a second on a cheap phone, which is the point. */
export async function stretch(
  secret: string,
  salt: ArrayBuffer = random(16).buffer,
  iterations = ITERATIONS,
): Promise<Stretched> {
  const material = await crypto.subtle.importKey('raw', secretBytes(secret), 'PBKDF2', false, [
    'deriveKey',
  ]);
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations },
    material,
    DATA_KEY,
    false,
    ['wrapKey', 'unwrapKey'],
  );
  return { salt, iterations, key };
}

const secretBytes = (secret: string): Bytes => encode(secret.normalize('NFKC'));

/** A new data key under a PIN and, if given, a password. */
export async function createVault(
  id: string,
  pin: string,
  password: Stretched | null,
): Promise<{ vault: Vault; key: CryptoKey }> {
  const dataKey = await crypto.subtle.generateKey(DATA_KEY, true, ['encrypt', 'decrypt']);
  return { vault: await wrapBoth(id, dataKey, pin, password), key: await sealedCopy(dataKey) };
}

/** The data key, or null if the secret is wrong. It can't be exported from memory. */
export async function openWrap(id: string, wrap: Wrap, secret: string): Promise<CryptoKey | null> {
  return unwrap(id, wrap, await stretch(secret, wrap.salt, wrap.iterations), false);
}

/** The same data key under a new PIN, opened by `secret` through `wrap`; null if the secret is wrong. */
export async function rewrap(
  vault: Vault,
  wrap: Wrap,
  secret: string,
  pin: string,
  password: Stretched | null,
): Promise<{ vault: Vault; key: CryptoKey } | null> {
  const by = await stretch(secret, wrap.salt, wrap.iterations);
  const dataKey = await unwrap(vault.id, wrap, by, true);
  if (!dataKey) return null;
  return {
    vault: await wrapBoth(vault.id, dataKey, pin, password),
    key: await sealedCopy(dataKey),
  };
}

async function wrapBoth(
  id: string,
  dataKey: CryptoKey,
  pin: string,
  password: Stretched | null,
): Promise<Vault> {
  return {
    id,
    pin: await wrapWith(id, dataKey, await stretch(pin)),
    password: password && (await wrapWith(id, dataKey, password)),
  };
}

async function wrapWith(id: string, dataKey: CryptoKey, by: Stretched): Promise<Wrap> {
  const iv = random(12);
  const wrapped = await crypto.subtle.wrapKey('raw', dataKey, by.key, wrapping(id, iv));
  return { salt: by.salt, iterations: by.iterations, iv: iv.buffer, wrapped };
}

async function unwrap(
  id: string,
  wrap: Wrap,
  by: Stretched,
  extractable: boolean,
): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.unwrapKey(
      'raw',
      wrap.wrapped,
      by.key,
      wrapping(id, wrap.iv),
      DATA_KEY,
      extractable,
      ['encrypt', 'decrypt'],
    );
  } catch (error) {
    // GCM says only that it doesn't fit: the secret is wrong.
    if (error instanceof Error && error.name === 'OperationError') return null;
    throw error;
  }
}

const wrapping = (id: string, iv: BufferSource): AesGcmParams => ({
  name: 'AES-GCM',
  iv,
  additionalData: encode(`vault\u2016${id}`),
});

async function sealedCopy(dataKey: CryptoKey): Promise<CryptoKey> {
  const raw = await crypto.subtle.exportKey('raw', dataKey);
  return crypto.subtle.importKey('raw', raw, DATA_KEY, false, ['encrypt', 'decrypt']);
}

// ---- guessing -----------------------------------------------------------------------------------

/** Wrong attempts so far, and the moment of the last (ms). Kept in storage, so that a restart forgives nothing. */
export interface Attempts {
  wrong: number;
  last: number;
}

const FREE = 4;
const LONGEST = 15 * 60_000;

/** Milliseconds to wait before the next attempt. A clock set back waits the whole delay again. */
export function delayLeft(attempts: Attempts, now: number): number {
  if (attempts.wrong <= FREE) return 0;
  const delay = Math.min(LONGEST, 15_000 * 2 ** (attempts.wrong - FREE - 1));
  return now < attempts.last ? delay : Math.max(0, attempts.last + delay - now);
}

/** Six or more digits that aren't one digit or a plain sequence; or a passphrase of eight or more characters. */
export function isStrongEnough(pin: string): boolean {
  if (!/^\d+$/.test(pin)) return [...pin].length >= 8;
  const steps = new Set([...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i])));
  const step = [...steps][0] ?? 0;
  return pin.length >= 6 && !(steps.size === 1 && Math.abs(step) <= 1);
}
