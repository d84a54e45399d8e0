/** Disks as JSON files: bytes as base64, the device's keys and its pepper as JWK. */
import type { Disk } from './disk';

type Json = unknown;
interface PairOfKeys {
  privateKey: CryptoKey;
  publicKey: CryptoKey;
}
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const PEPPER = { name: 'HMAC', hash: 'SHA-256' };

/** Keys must have been made extractable; see `recordable`. */
export async function toJson(disk: Disk): Promise<string> {
  return `${JSON.stringify(await packed(disk))}\n`;
}

export async function fromJson(text: string): Promise<Disk> {
  return (await unpacked(JSON.parse(text))) as Disk;
}

async function packed(value: unknown): Promise<Json> {
  if (value instanceof ArrayBuffer) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof CryptoKey) return { $key: await crypto.subtle.exportKey('jwk', value) };
  return mapped(value, packed);
}

async function unpacked(value: Json): Promise<unknown> {
  const { $bytes, $key } = (value ?? {}) as { $bytes?: string; $key?: JsonWebKey };
  if (typeof $bytes === 'string') return new Uint8Array(Buffer.from($bytes, 'base64')).buffer;
  if ($key) return keyOf($key);
  return mapped(value, unpacked);
}

/** As the phone holds it: the private half never leaves. */
function keyOf(jwk: JsonWebKey): Promise<CryptoKey> {
  const isPrivate = 'd' in jwk;
  const { ext, key_ops, ...bare } = jwk;
  if (jwk.kty === 'oct') return crypto.subtle.importKey('jwk', bare, PEPPER, false, ['sign']);
  return crypto.subtle.importKey('jwk', bare, CURVE, !isPrivate, [isPrivate ? 'sign' : 'verify']);
}

async function mapped(value: unknown, each: (part: unknown) => Promise<unknown>): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(each));
  if (!value || typeof value !== 'object') return value;
  const parts = Object.entries(value).map(async ([key, part]) => [key, await each(part)] as const);
  return Object.fromEntries(await Promise.all(parts));
}

/** Device keys made from now on can be written to a file. */
export function recordable(): () => void {
  const { generateKey } = crypto.subtle;
  const open = (how: EcKeyGenParams, _extractable: boolean, uses: KeyUsage[]) =>
    generateKey.call(crypto.subtle, how, true, uses) as Promise<PairOfKeys>;
  Object.assign(crypto.subtle, { generateKey: open });
  return () => Object.assign(crypto.subtle, { generateKey });
}
