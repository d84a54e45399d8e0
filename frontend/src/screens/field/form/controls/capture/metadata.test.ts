/** What a photo or a video tells of place and phone is gone from what is kept, and nothing else is. */
import { expect, test } from 'vitest';
import { hasMetadata, joined, withoutMetadata, withoutPlace } from './metadata';

const ascii = (text: string) => Uint8Array.from([...text].map((char) => char.charCodeAt(0)));
const segment = (kind: number, text: string) =>
  joined([Uint8Array.of(0xff, kind, 0, text.length + 2), ascii(text)]);

const START = Uint8Array.of(0xff, 0xd8);
const JFIF = segment(0xe0, 'JFIF\0');
const TABLES = segment(0xdb, 'tables');
/** The scan may hold bytes that look like a segment. */
const SCAN = joined([segment(0xda, 'scan'), Uint8Array.of(1, 0xff, 0xe1, 0, 4, 9, 0xff, 0xd9)]);

test('place, camera and comment go; the picture stays byte for byte', () => {
  const photo = joined([
    START,
    JFIF,
    segment(0xe1, 'Exif\0\0GPS 36.1N 120.3E'),
    segment(0xe1, 'http://ns.adobe.com/xap/1.0/'),
    TABLES,
    segment(0xfe, 'made by phone 1234'),
    SCAN,
  ]);
  expect(hasMetadata(photo)).toBe(true);
  const clean = withoutMetadata(photo);
  expect(clean).toEqual(joined([START, JFIF, TABLES, SCAN]));
  expect(hasMetadata(clean)).toBe(false);
});

test('what is clean, cut off or no JPEG at all comes back as it is', () => {
  const clean = joined([START, JFIF, TABLES, SCAN]);
  for (const bytes of [clean, START, ascii('\x89PNG'), new Uint8Array(0)]) {
    expect(withoutMetadata(bytes)).toBe(bytes);
  }
  const cut = joined([START, Uint8Array.of(0xff, 0xe1, 0xff, 0xff, 1)]);
  expect(() => withoutMetadata(cut)).not.toThrow();
});

const box = (kind: string, ...parts: Uint8Array[]) => {
  const inside = joined(parts);
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, inside.length + 8);
  head.set(ascii(kind), 4);
  return joined([head, inside]);
};
const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

test('a film loses the place it was made at and stays as long', () => {
  const film = joined([
    box('ftyp', ascii('mp42')),
    box('mdat', ascii('pictures and \u00a9xyz by chance')),
    box(
      'moov',
      box('mvhd', ascii('two seconds')),
      box('udta', box('\u00a9xyz', ascii('+36.1+120.3/'))),
    ),
  ]);
  const clean = withoutPlace(new Uint8Array(film));
  expect(clean).toHaveLength(film.length);
  expect(text(clean)).not.toContain('+36.1');
  expect(text(clean)).toContain('two seconds');
  expect(text(clean)).toContain('\u00a9xyz by chance');
});

test('a film that is no MP4, or ends early, is left alone', () => {
  for (const bytes of [ascii('\x1aE\xdf\xa3 webm'), box('moov', ascii('abc')).slice(0, 9)]) {
    expect(withoutPlace(new Uint8Array(bytes))).toEqual(bytes);
  }
});
