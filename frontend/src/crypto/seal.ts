/**
 * Sealing of single records with the data key: AES-256-GCM, a fresh IV each time, bound to the place it is stored at, so
 * that a record can't be swapped for another. The first byte says by which key: 1 the data key, 2 the work key. Knows
 * neither PIN nor storage.
 */
import { type Bytes, decode, encode, random } from './bytes';

export const DATA = 1;
export const WORK = 2;
export type Kind = typeof DATA | typeof WORK;
const IV = 12;

/** By which key it was sealed. */
export const kindOf = (sealed: ArrayBuffer): number => new Uint8Array(sealed, 0, 1)[0] ?? 0;

/** kind ‖ iv ‖ ciphertext. */
export async function seal(
  key: CryptoKey,
  store: string,
  record: string,
  plain: Bytes,
  kind: Kind = DATA,
): Promise<ArrayBuffer> {
  const iv = random(IV);
  const cipher = await crypto.subtle.encrypt(algorithm(iv, store, record, kind), key, plain);
  const sealed = new Uint8Array(1 + IV + cipher.byteLength);
  sealed[0] = kind;
  sealed.set(iv, 1);
  sealed.set(new Uint8Array(cipher), 1 + IV);
  return sealed.buffer;
}

/** Throws OperationError for another key, another place or altered bytes. */
export function open(
  key: CryptoKey,
  store: string,
  record: string,
  sealed: ArrayBuffer,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(sealed);
  const iv = bytes.slice(1, 1 + IV);
  const how = algorithm(iv, store, record, kindOf(sealed));
  return crypto.subtle.decrypt(how, key, bytes.subarray(1 + IV));
}

export function sealJson(
  key: CryptoKey,
  store: string,
  record: string,
  value: unknown,
  kind: Kind = DATA,
): Promise<ArrayBuffer> {
  return seal(key, store, record, encode(JSON.stringify(value)), kind);
}

export async function openJson<T>(
  key: CryptoKey,
  store: string,
  record: string,
  sealed: ArrayBuffer,
): Promise<T> {
  return JSON.parse(decode(await open(key, store, record, sealed))) as T;
}

function algorithm(iv: Bytes, store: string, record: string, kind: number): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: encode(`${store}\u2016${record}\u2016${kind}`) };
}
