/** The arithmetic of places: points as text, what is taken on a walk, and the walk drawn small. Pure. */

export interface Place {
  latitude: number;
  longitude: number;
  altitude: number;
  /** Metres within which the truth lies. */
  accuracy: number;
}

/** When a walk takes a point by itself. */
export interface Pace {
  seconds?: number;
  metres?: number;
}

/** Points less sure than this are left out of a walk that takes them by itself, metres. */
const SURE_M = 50;
const METRES_A_DEGREE = 111_320;

/** Never with an exponent, which no reader of the answer knows. */
const plain = (number: number, digits: number): string => String(Number(number.toFixed(digits)));

export function placeOf(coords: GeolocationCoordinates): Place {
  const { latitude, longitude, altitude, accuracy } = coords;
  return { latitude, longitude, altitude: altitude ?? 0, accuracy };
}

/** `lat lon alt acc`, as ODK writes a point. */
export function pointText({ latitude, longitude, altitude, accuracy }: Place): string {
  const near = Math.abs(latitude) < 1e-6 ? 0 : latitude;
  const east = Math.abs(longitude) < 1e-6 ? 0 : longitude;
  return [plain(near, 7), plain(east, 7), plain(altitude, 1), plain(accuracy, 1)].join(' ');
}

function placeFrom(text: string): Place {
  const [latitude = 0, longitude = 0, altitude = 0, accuracy = 0] = text
    .trim()
    .split(/\s+/)
    .map(Number);
  return { latitude, longitude, altitude, accuracy };
}

/** How many points make a line, or a ring before it is closed. */
export const fewest = (ring: boolean): number => (ring ? 3 : 2);

/** The answer: blank until there are points enough; a ring ends where it began. */
export function traceText(places: readonly Place[], ring: boolean): string {
  if (places.length < fewest(ring)) return '';
  const texts = places.map(pointText);
  return (ring ? [...texts, texts[0]] : texts).join(';');
}

/** The points of an answer; a ring's first isn't told twice. */
export function placesOf(text: string, ring: boolean): Place[] {
  const parts = text.split(';').filter((part) => part.trim());
  const closed = ring && parts.length > 1 && parts[0]?.trim() === parts[parts.length - 1]?.trim();
  return (closed ? parts.slice(0, -1) : parts).map(placeFrom);
}

/** Metres between two places, near enough for a walk. */
export function metresBetween(a: Place, b: Place): number {
  const north = (b.latitude - a.latitude) * METRES_A_DEGREE;
  const east =
    (b.longitude - a.longitude) * METRES_A_DEGREE * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
}

/** Whether a walk takes `here` now, given its last point and how long ago that was, ms. */
export function isDue(pace: Pace, here: Place, last: Place | undefined, sinceMs: number): boolean {
  if (here.accuracy > SURE_M) return false;
  if (!last) return true;
  if (pace.seconds !== undefined) return sinceMs >= pace.seconds * 1000;
  return pace.metres !== undefined && metresBetween(last, here) >= pace.metres;
}

/** The points in a box `width` × `height` with a margin, north up, in proportion. */
export function sketch(
  places: readonly Place[],
  width: number,
  height: number,
  margin = 12,
): [number, number][] {
  const [origin] = places;
  if (!origin) return [];
  const narrowing = Math.cos((origin.latitude * Math.PI) / 180);
  const flat = places.map((p): [number, number] => [p.longitude * narrowing, -p.latitude]);
  const [xs, ys] = [flat.map(([x]) => x), flat.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = Math.min(
    (width - 2 * margin) / Math.max(wide, 1e-9),
    (height - 2 * margin) / Math.max(high, 1e-9),
  );
  const round = (n: number) => Math.round(n * 10) / 10;
  return flat.map(([x, y]) => [
    round(width / 2 + (x - left - wide / 2) * scale),
    round(height / 2 + (y - top - high / 2) * scale),
  ]);
}
