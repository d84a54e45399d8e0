/** Text, base64, hashes and random ids over WebCrypto. Knows no key. */

export type Bytes = Uint8Array<ArrayBuffer>;

export const encode = (text: string): Bytes => new TextEncoder().encode(text);
export const decode = (bytes: BufferSource): string => new TextDecoder().decode(bytes);

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Bytes per call that every engine takes as arguments. */
const SLICE = 8192;

export function toBase64(bytes: ArrayBuffer | Bytes): string {
  const all = new Uint8Array(bytes);
  let binary = '';
  for (let at = 0; at < all.length; at += SLICE)
    binary += String.fromCharCode(...all.subarray(at, at + SLICE));
  return btoa(binary);
}

export function fromBase64(text: string): Bytes {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Null where the browser can't. */
export async function gzipped(plain: Bytes): Promise<Bytes | null> {
  if (typeof CompressionStream === 'undefined') return null;
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Lower-case hex SHA-256 of text (as UTF-8) or bytes. */
export async function sha256(data: string | BufferSource): Promise<string> {
  const bytes = typeof data === 'string' ? encode(data) : data;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A random UUIDv4; crypto.randomUUID is younger than the oldest browser promised. */
export function newId(): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
