/**
 * Sealing to the server's public key: what only the server opens, so that it can leave a locked phone. ECDH P-256 with a key
 * made for it alone, HKDF-SHA256, AES-256-GCM. The same bytes are read by fieldapp/devices/sealing.py; docs/sync.md.
 */
import { type Bytes, encode, gzipped, random, sha256 } from './bytes';

export interface ServerKey {
  /** First 8 bytes of the SHA-256 of its point, in hex. */
  id: string;
  key: JsonWebKey;
}

const CURVE: EcKeyImportParams = { name: 'ECDH', namedCurve: 'P-256' };
const PLAIN = 1;
const PACKED = 2;
const IV = 12;
const WORTH_PACKING = 256;

/** about: what it is and which; it opens as nothing else. format ‖ key id ‖ point ‖ iv ‖ ciphertext. */
export async function sealToServer(
  server: ServerKey,
  about: readonly string[],
  plain: Bytes,
): Promise<ArrayBuffer> {
  const theirs = await crypto.subtle.importKey('jwk', publicPart(server.key), CURVE, true, []);
  const own = await crypto.subtle.generateKey(CURVE, false, ['deriveBits']);
  const [point, theirPoint] = await Promise.all([pointOf(own.publicKey), pointOf(theirs)]);
  const id = await keyId(theirPoint);
  const packed = plain.length >= WORTH_PACKING ? await gzipped(plain) : null;
  const format = packed ? PACKED : PLAIN;
  const iv = random(IV);
  const key = await sharedKey(own.privateKey, theirs, joined(point, theirPoint));
  const additionalData = joined(new Uint8Array([format]), encode(about.join('\u2016')));
  const how = { name: 'AES-GCM', iv, additionalData };
  const cipher = await crypto.subtle.encrypt(how, key, packed ?? plain);
  return joined(new Uint8Array([format]), id, point, iv, new Uint8Array(cipher)).buffer;
}

/** Whether a key is what its id says. */
export async function isServerKey({ id, key }: ServerKey): Promise<boolean> {
  try {
    const theirs = await crypto.subtle.importKey('jwk', publicPart(key), CURVE, true, []);
    return hex(await keyId(await pointOf(theirs))) === id;
  } catch {
    return false;
  }
}

const publicPart = ({ kty, crv, x, y }: JsonWebKey) => ({ kty, crv, x, y }) as JsonWebKey;

async function pointOf(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}

async function keyId(point: Bytes): Promise<Bytes> {
  const text = await sha256(point);
  return Uint8Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}

async function sharedKey(own: CryptoKey, theirs: CryptoKey, salt: Bytes): Promise<CryptoKey> {
  const secret = await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, own, 256);
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: encode('fieldapp/to-server') };
  return crypto.subtle.deriveKey(how, material, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
  ]);
}

const hex = (bytes: Bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

function joined(...parts: Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
