/** ODK's digest() and the names of UUIDs made from texts; both need a hash at once, not a promise. */
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const ALGORITHMS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  MD5: md5,
  'SHA-1': sha1,
  'SHA-256': sha256,
  'SHA-384': sha384,
  'SHA-512': sha512,
};

/** Digest of a text in hexadecimal or base64; blank for an algorithm that is not known. */
export function digest(text: string, algorithm: string, asHex: boolean): string {
  const hash = ALGORITHMS[algorithm];
  if (!hash) return '';
  const bytes = hash(utf8ToBytes(text));
  return asHex ? bytesToHex(bytes) : btoa(String.fromCharCode(...bytes));
}

/** UUID version 5 (RFC 9562) of a name in a namespace. */
export function uuid5(namespace: string, name: string): string {
  const space = hexToBytes(namespace.replaceAll('-', ''));
  const text = utf8ToBytes(name);
  const input = new Uint8Array(space.length + text.length);
  input.set(space);
  input.set(text, space.length);
  const bytes = sha1(input).slice(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytesToHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
