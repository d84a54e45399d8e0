/**
 * Looks through everything a browser left on the disk for texts that must not be there: as UTF-8, as UTF-16, as base64 of
 * either at any position, and unpacked where a file holds Snappy (LevelDB) or zlib blocks. It knows nothing of the app.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

export interface Found {
  value: string;
  file: string;
  as: string;
}
export interface Scan {
  values: number;
  files: number;
  /** Bytes looked at, unpacked ones included. */
  bytes: number;
  found: Found[];
}
/** One way a value may lie on the disk. */
interface Needle {
  value: string;
  as: string;
  bytes: Buffer;
}

/** raw: parts of files that must not be there as they are. */
export function scan(folder: string, values: readonly string[], raw: readonly Buffer[] = []): Scan {
  const needles = [
    ...values.flatMap(needlesOf),
    ...raw.map((bytes, i) => ({ value: `photo ${i}`, as: 'bytes', bytes })),
  ];
  const result: Scan = { values: values.length + raw.length, files: 0, bytes: 0, found: [] };
  for (const path of filesIn(folder)) {
    const file = relative(folder, path);
    const content = readFileSync(path);
    result.files += 1;
    for (const [how, bytes] of readings(content)) {
      result.bytes += bytes.length;
      for (const needle of needles)
        if (bytes.includes(needle.bytes))
          result.found.push({ value: needle.value, file, as: `${how} ${needle.as}`.trim() });
    }
  }
  return result;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() && statSync(path).size > 0 ? [path] : [];
  });
}

/** UTF-16 as V8 keeps text with a sign beyond Latin-1; base64 loses the first and last signs to what stands beside. */
function needlesOf(value: string): Needle[] {
  const plain = [
    { value, as: 'utf-8', bytes: Buffer.from(value, 'utf8') },
    { value, as: 'utf-16le', bytes: Buffer.from(value, 'utf16le') },
    { value, as: 'utf-16be', bytes: Buffer.from(value, 'utf16le').swap16() },
    { value, as: 'json', bytes: Buffer.from(escaped(value), 'latin1') },
  ];
  const coded = plain.slice(0, 2).flatMap(({ bytes, as }) =>
    [0, 1, 2].map((shift) => {
      const text = Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      const from = Math.ceil((shift * 8) / 6);
      const inner = text.slice(from, Math.floor(((shift + bytes.length) * 8) / 6));
      return { value, as: `base64 of ${as}`, bytes: Buffer.from(inner, 'latin1') };
    }),
  );
  return [...plain, ...coded.filter(({ bytes }) => bytes.length >= 8)];
}

const escaped = (value: string) =>
  [...value]
    .map((c) => (c > '\x7f' ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c))
    .join('');

/** The file as it is, and what of it can be unpacked. */
function* readings(content: Buffer): Generator<[how: string, bytes: Buffer]> {
  yield ['', content];
  if (isTable(content)) for (const block of tableBlocks(content)) yield ['leveldb', block];
  for (const at of streamsIn(content)) {
    const bytes = unzipped(content.subarray(at));
    if (bytes?.length) yield ['zlib', bytes];
  }
}

// ---- LevelDB tables -----------------------------------------------------------------------------

const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const FOOTER = 48;
const isTable = (content: Buffer) =>
  content.length > FOOTER && content.subarray(content.length - 8).equals(MAGIC);

/** Every data block, unpacked: the footer names the index, the index the blocks. */
function* tableBlocks(content: Buffer): Generator<Buffer> {
  let at = content.length - FOOTER;
  for (let i = 0; i < 2; i += 1) at = varint(content, at)[1];
  const index = blockAt(content, at);
  yield index;
  for (const handle of handlesOf(index)) yield blockAt(content, handle);
}

/** The block whose handle (offset and size) stands at `at`, or in a buffer of its own. */
function blockAt(content: Buffer, from: number | Buffer): Buffer {
  const [source, start] = typeof from === 'number' ? [content, from] : [from, 0];
  const [offset, after] = varint(source, start);
  const [size] = varint(source, after);
  const body = content.subarray(offset, offset + size);
  return content[offset + size] === 1 ? unsnapped(body) : body;
}

/** The values of an index block: its entries share the beginnings of their keys. */
function* handlesOf(block: Buffer): Generator<Buffer> {
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 * (restarts + 1);
  for (let at = 0; at < end; ) {
    const [, afterShared] = varint(block, at);
    const [unshared, afterUnshared] = varint(block, afterShared);
    const [length, start] = varint(block, afterUnshared);
    yield block.subarray(start + unshared, start + unshared + length);
    at = start + unshared + length;
  }
}

function varint(bytes: Buffer, from: number): [value: number, after: number] {
  let value = 0;
  for (let at = from, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at + 1];
  }
}

/** Snappy: literals, and copies of what came before. */
export function unsnapped(packed: Buffer): Buffer {
  const [size, start] = varint(packed, 0);
  const out = Buffer.alloc(size);
  let done = 0;
  for (let at = start; at < packed.length && done < size; ) {
    const tag = packed[at] as number;
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const extra = Math.max(0, short - 59);
      const length = (extra ? packed.readUIntLE(at + 1, extra) : short) + 1;
      packed.copy(out, done, at + 1 + extra, at + 1 + extra + length);
      at += 1 + extra + length;
      done += length;
      continue;
    }
    const [length, offset, next] = copyAt(packed, at, tag);
    for (let i = 0; i < length; i += 1, done += 1) out[done] = out[done - offset] as number;
    at = next;
  }
  return out;
}

function copyAt(
  packed: Buffer,
  at: number,
  tag: number,
): [length: number, offset: number, next: number] {
  if ((tag & 3) === 1)
    return [((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | (packed[at + 1] as number), at + 2];
  const bytes = (tag & 3) === 2 ? 2 : 4;
  return [(tag >> 2) + 1, packed.readUIntLE(at + 1, bytes), at + 1 + bytes];
}

// ---- zlib ---------------------------------------------------------------------------------------

/** Where a gzip or zlib stream may begin. */
function streamsIn(content: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < content.length - 2 && found.length < 400; at += 1) {
    const [a, b] = [content[at], content[at + 1]];
    const isGzip = a === 0x1f && b === 0x8b && content[at + 2] === 8;
    const isZlib = a === 0x78 && (b === 0x01 || b === 0x9c || b === 0xda);
    if (isGzip || isZlib) found.push(at);
  }
  return found;
}

/** As far as it goes: what follows the stream, or is missing of it, doesn't matter. */
function unzipped(stream: Buffer): Buffer | null {
  const how = { finishFlush: 2, maxOutputLength: 1 << 24 };
  for (const unpack of [gunzipSync, inflateSync, inflateRawSync]) {
    try {
      return unpack(stream, how);
    } catch {
      // not of this kind
    }
  }
  return null;
}
