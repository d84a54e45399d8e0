/** The device's own signing key: ECDSA P-256, made here, never leaving this browser. docs/sync.md says what is signed. */
import { type Bytes, encode, sha256, toBase64 } from './bytes';

const CURVE: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' };

export function createDeviceKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
}

/** The public half, as the server wants it. */
export async function publicJwk(keys: CryptoKeyPair): Promise<JsonWebKey> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  return { kty, crv, x, y } as JsonWebKey;
}

/** Base64 of the raw r‖s over method, path and the body exactly as sent. */
export async function signRequest(
  keys: CryptoKeyPair,
  method: string,
  path: string,
  body: Bytes,
): Promise<string> {
  const text = encode(`${method}\n${path}\n${await sha256(body)}`);
  const how = { name: 'ECDSA', hash: 'SHA-256' };
  return toBase64(await crypto.subtle.sign(how, keys.privateKey, text));
}
