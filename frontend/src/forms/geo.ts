/** Length and area of what geopoint, geotrace and geoshape answers describe, on a sphere. */
import { numberOf } from './values';

const EARTH_RADIUS_M = 6_378_100;

/** Latitude and longitude in radians. */
type Point = [number, number];

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Points of geopoints, or of traces with `;` between points; null where one can't be read. */
function pointsOf(texts: readonly string[]): Point[] | null {
  const points: Point[] = [];
  for (const part of texts.flatMap((text) =>
    text
      .trim()
      .replace(/^;+|;+$/g, '')
      .split(';'),
  )) {
    const [latitude = '', longitude = '', ...rest] = part.trim().split(/\s+/);
    const [lat, lon] = [numberOf(latitude), numberOf(longitude)];
    if (rest.length > 2 || !(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null;
    points.push([radians(lat), radians(lon)]);
  }
  return points;
}

const hundredths = (n: number): number => Math.floor(n * 100 + 0.5) / 100;

/** Adds up what a function gives for each point and the next. */
function alongEdges(points: readonly Point[], edge: (a: Point, b: Point) => number): number {
  return points.slice(1).reduce((total, b, i) => total + edge(points[i] as Point, b), 0);
}

/** Metres along great circles through the points; NaN for fewer than two. */
export function distanceOf(texts: readonly string[]): number {
  const points = pointsOf(texts);
  if (!points || points.length < 2) return Number.NaN;
  const total = alongEdges(points, ([lat1, lon1], [lat2, lon2]) => {
    const cosine =
      Math.sin(lat1) * Math.sin(lat2) + Math.cos(lat1) * Math.cos(lat2) * Math.cos(lon1 - lon2);
    return Math.acos(Math.max(-1, Math.min(1, cosine))) * EARTH_RADIUS_M;
  });
  return hundredths(total);
}

/** Square metres inside the points; 0 for two, NaN for fewer. */
export function areaOf(texts: readonly string[]): number {
  const points = pointsOf(texts);
  if (!points || points.length < 2) return Number.NaN;
  if (points.length < 3) return 0;
  const [first, last] = [points[0] as Point, points[points.length - 1] as Point];
  const ring = first[0] === last[0] && first[1] === last[1] ? points : [...points, first];
  const total = alongEdges(
    ring,
    ([lat1, lon1], [lat2, lon2]) => (lon2 - lon1) * (2 + Math.sin(lat1) + Math.sin(lat2)),
  );
  return hundredths(Math.abs((total * EARTH_RADIUS_M * EARTH_RADIUS_M) / 2));
}
