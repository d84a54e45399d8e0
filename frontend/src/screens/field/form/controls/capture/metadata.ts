/** Takes out of a file what tells where and with what it was made: of a JPEG all metadata, of a video its place. Pure. */

const [MARKER, START_OF_SCAN] = [0xff, 0xda];
/** JFIF's own and Adobe's, which say how the colours are to be read. */
const PLAIN = new Set([0xe0, 0xee]);

const isMetadata = (kind: number): boolean =>
  (kind >= 0xe0 && kind <= 0xef && !PLAIN.has(kind)) || kind === 0xfe;

/** Segments before the picture itself: [kind, from, to). Empty if it is no JPEG. */
function segments(bytes: Uint8Array): [number, number, number][] {
  const found: [number, number, number][] = [];
  if (bytes[0] !== MARKER || bytes[1] !== 0xd8) return found;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === MARKER; ) {
    const kind = bytes[at + 1] ?? 0;
    if (kind === START_OF_SCAN) break;
    const end = at + 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
    found.push([kind, at, end]);
    at = end;
  }
  return found;
}

/** Whether a JPEG carries EXIF, XMP, a comment or the like. */
export function hasMetadata(jpeg: Uint8Array): boolean {
  return segments(jpeg).some(([kind]) => isMetadata(kind));
}

/** The same picture without them; what is no JPEG comes back as it is. */
export function withoutMetadata(jpeg: Uint8Array): Uint8Array {
  const gone = segments(jpeg).filter(([kind]) => isMetadata(kind));
  if (gone.length === 0) return jpeg;
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const [, start, end] of gone) {
    kept.push(jpeg.subarray(from, start));
    from = end;
  }
  return joined([...kept, jpeg.subarray(from)]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Boxes of an MP4 in which others lie, on the way to where a camera writes the place. */
const CONTAINERS = new Set(['moov', 'udta', 'trak', 'mdia']);
const PLACES = new Set(['\u00a9xyz', 'loci', 'meta']);

/** A video whose place was blanked, in place; what is no MP4 stays as it is. */
export function withoutPlace(video: Uint8Array): Uint8Array {
  blank(video, 0, video.length, false);
  return video;
}

function blank(video: Uint8Array, from: number, to: number, inside: boolean): void {
  const view = new DataView(video.buffer, video.byteOffset, video.byteLength);
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    const kind = String.fromCharCode(...video.subarray(at + 4, at + 8));
    // Sizes 0 and 1 (to the end; 64 bits) are those of the pictures themselves.
    const end = size === 1 && at + 16 <= to ? at + Number(view.getBigUint64(at + 8)) : at + size;
    if (size === 0 || end <= at || end > to) return;
    if (inside && PLACES.has(kind)) {
      video.set([0x66, 0x72, 0x65, 0x65], at + 4); // "free": a box that players skip
      video.fill(0, at + 8, end);
    } else if (CONTAINERS.has(kind)) blank(video, at + 8, end, true);
    at = end;
  }
}
