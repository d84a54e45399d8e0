/** How small a photo is made: like an encoder whose bytes grow with pixels and quality. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Attempt,
  DRAWING,
  firstAttempt,
  fitted,
  type Limit,
  nextAttempt,
  PHOTO,
  photoLimit,
  type Size,
} from './sizing';

/** Attempts until one is kept. weight: bytes per pixel at full quality. */
function attempts(size: Size, limit: Limit, weight: number): (Attempt & { bytes: number })[] {
  const made = [];
  for (let next: Attempt | null = firstAttempt(size, limit); next; ) {
    const bytes = next.width * next.height * weight * next.quality ** 2;
    made.push({ ...next, bytes });
    next = nextAttempt(next, bytes, limit);
  }
  return made;
}
const phone = { width: 4000, height: 3000 };

test('a photo of a phone fits into 1280 pixels, upright or lying', () => {
  expect(fitted(phone, 1280)).toEqual({ width: 1280, height: 960 });
  expect(fitted({ width: 3000, height: 4000 }, 1280)).toEqual({ width: 960, height: 1280 });
});

test('a small picture is not made larger', () => {
  expect(fitted({ width: 300, height: 200 }, 1280)).toEqual({ width: 300, height: 200 });
});

test('a form may ask for fewer pixels or for more, and never for more bytes', () => {
  expect(photoLimit(800)).toEqual({ pixels: 800, bytes: 140_000 });
  expect(photoLimit(4000).bytes).toBe(PHOTO.bytes);
  for (const nothing of [undefined, 'many', 0, -5]) expect(photoLimit(nothing)).toEqual(PHOTO);
});

test('a plain wall is kept at once, a bush loses quality first and pixels after', () => {
  expect(attempts(phone, PHOTO, 0.1)).toHaveLength(1);
  const [first, second] = attempts(phone, PHOTO, 0.24);
  expect(second).toMatchObject({ width: first?.width, quality: 0.7 });
  const bush = attempts(phone, PHOTO, 1.2);
  expect(bush[bush.length - 1]?.width).toBeLessThan(1280);
});

test('whatever is photographed, few attempts suffice and the last one fits', () => {
  const side = fc.integer({ min: 300, max: 12_000 });
  const weight = fc.double({ min: 0.01, max: 3, noNaN: true });
  fc.assert(
    fc.property(
      side,
      side,
      weight,
      fc.constantFrom(PHOTO, DRAWING),
      (width, height, per, limit) => {
        const made = attempts({ width, height }, limit, per);
        const last = made[made.length - 1];
        const smallest = Math.max(last?.width ?? 0, last?.height ?? 0) <= 240;
        expect((last?.bytes ?? 0) <= limit.bytes || smallest).toBe(true);
        expect(made.length).toBeLessThanOrEqual(9);
      },
    ),
  );
});
