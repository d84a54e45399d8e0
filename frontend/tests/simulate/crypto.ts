/**
 * WebCrypto's commonest operations by the same OpenSSL, done at once instead of by a thread: what goes to a thread and back
 * costs ten times what it does, and comes back in an order of its own, which no seed decides.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  KeyObject,
  sign,
  type webcrypto,
} from 'node:crypto';
import { gunzipSync } from 'node:zlib';

const TAG = 16;
type Data = ArrayBuffer | ArrayBufferView;
type Algorithm = { name: string } & Partial<AesGcmParams>;
const real = crypto.subtle;
const own = {
  encrypt: real.encrypt.bind(real),
  decrypt: real.decrypt.bind(real),
  sign: real.sign.bind(real),
};

const keys = new WeakMap<CryptoKey, KeyObject>();
// Keys that can't be exported are told off, once: here they stay where they are.
process.noDeprecation = true;

function objectOf(key: CryptoKey): KeyObject {
  const known = keys.get(key) ?? KeyObject.from(key as webcrypto.CryptoKey);
  keys.set(key, known);
  return known;
}

/** Visits sealed to the server in this history, by id: a phone may send one before it is open and can be looked into. */
export const sealedVisits = new Map<string, string>();
const ABOUT_A_VISIT = /^(.)visit\u2016([^\u2016]+)\u2016/u;

function noteVisit({ additionalData }: Algorithm, data: Data): void {
  if (!additionalData) return;
  const found = ABOUT_A_VISIT.exec(new TextDecoder().decode(bytesOf(additionalData as Data)));
  if (!found) return;
  const bytes = bytesOf(data);
  const plain = found[1] === PACKED ? gunzipSync(bytes) : bytes;
  sealedVisits.set(found[2] as string, new TextDecoder().decode(plain));
}
/** The first character of what a packed text is bound to (toServer.ts). */
const PACKED = '\u0002';

const bytesOf = (data: Data): Uint8Array =>
  data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Of its own, as WebCrypto's are. */
function bufferOf(...parts: Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.buffer;
}

const isGcm = ({ name }: Algorithm, key: CryptoKey) =>
  name === 'AES-GCM' && (key.algorithm as AesKeyAlgorithm).length === 256;

function encrypted(how: Algorithm, key: CryptoKey, data: Data): ArrayBuffer {
  noteVisit(how, data);
  const cipher = createCipheriv('aes-256-gcm', objectOf(key), bytesOf(how.iv as Data));
  if (how.additionalData) cipher.setAAD(bytesOf(how.additionalData as Data));
  const body = cipher.update(bytesOf(data));
  return bufferOf(body, cipher.final(), cipher.getAuthTag());
}

function decrypted(how: Algorithm, key: CryptoKey, data: Data): ArrayBuffer {
  const bytes = bytesOf(data);
  const end = bytes.length - TAG;
  const cipher = createDecipheriv('aes-256-gcm', objectOf(key), bytesOf(how.iv as Data));
  if (how.additionalData) cipher.setAAD(bytesOf(how.additionalData as Data));
  cipher.setAuthTag(bytes.subarray(end));
  const body = cipher.update(bytes.subarray(0, end));
  return bufferOf(body, cipher.final());
}

function signed(how: Algorithm | string, key: CryptoKey, data: Data): ArrayBuffer | null {
  const name = typeof how === 'string' ? how : how.name;
  if (name === 'HMAC')
    return bufferOf(createHmac('sha256', objectOf(key)).update(bytesOf(data)).digest());
  if (name !== 'ECDSA') return null;
  const by = { key: objectOf(key), dsaEncoding: 'ieee-p1363' as const };
  return bufferOf(sign('sha256', bytesOf(data), by));
}

/** As a promise, a failure as WebCrypto names it. */
async function made<T>(make: () => T): Promise<T> {
  try {
    return make();
  } catch (error) {
    throw new DOMException((error as Error).message, 'OperationError');
  }
}

Object.assign(real, {
  encrypt: (how: Algorithm, key: CryptoKey, data: Data) =>
    isGcm(how, key)
      ? made(() => encrypted(how, key, data))
      : own.encrypt(how as AesGcmParams, key, data as BufferSource),
  decrypt: (how: Algorithm, key: CryptoKey, data: Data) =>
    isGcm(how, key)
      ? made(() => decrypted(how, key, data))
      : own.decrypt(how as AesGcmParams, key, data as BufferSource),
  sign: (how: Algorithm | string, key: CryptoKey, data: Data) => {
    const now = signed(how, key, data);
    return now ? made(() => now) : own.sign(how, key, data as BufferSource);
  },
  digest: (how: string, data: Data) =>
    made(() =>
      bufferOf(createHash(how.replace('-', '').toLowerCase()).update(bytesOf(data)).digest()),
    ),
});
