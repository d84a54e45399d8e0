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

function isClosed(points: readonly Point[]): boolean {
  const [first, last] = [points[0], points[points.length - 1]];
  return first?.[0] === last?.[0] && first?.[1] === last?.[1];
}

/** Does a point lie inside the points? How often a ray from it crosses the outline. */
export function isInside(point: string, shape: readonly string[]): boolean {
  const [spot, ring] = [pointsOf([point]), pointsOf(shape)];
  if (spot?.length !== 1 || !ring || !isClosed(ring)) return false;
  const [y, x] = spot[0] as Point;
  const crossings = ring.slice(1).filter(([by, bx], i) => {
    const [ay, ax] = ring[i] as Point;
    return ay > y !== by > y && x < ((ax - bx) * (y - by)) / (ay - by) + bx;
  });
  return crossings.length % 2 === 1;
}

/** Do any two edges meet that don't follow each other? */
export function crossesItself(shape: readonly string[]): boolean {
  const points = pointsOf(shape) ?? [];
  const closed = isClosed(points);
  const edges = points.slice(1).map((b, i): [Point, Point] => [points[i] as Point, b]);
  return edges.some((a, i) =>
    edges.some((b, j) => j > i + 1 && !(closed && i === 0 && j === edges.length - 1) && meet(a, b)),
  );
}

function meet([a, b]: [Point, Point], [c, d]: [Point, Point]): boolean {
  const turns = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (turns[0] !== turns[1] && turns[2] !== turns[3]) return true;
  const ends: [Point, Point, Point][] = [
    [a, b, c],
    [a, b, d],
    [c, d, a],
    [c, d, b],
  ];
  return ends.some((end, i) => turns[i] === 0 && isBetween(...end));
}

/** 1: left, -1: right, 0: straight on. */
const turn = (a: Point, b: Point, c: Point): number =>
  Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

/** Does c, on the line through a and b, lie between them? */
const isBetween = (a: Point, b: Point, c: Point): boolean =>
  [0, 1].every((k) => {
    const [p, q, r] = [a[k] as number, b[k] as number, c[k] as number];
    return Math.min(p, q) <= r && r <= Math.max(p, q);
  });

/** Square metres inside the points; 0 for two, NaN for fewer. */
export function areaOf(texts: readonly string[]): number {
  const points = pointsOf(texts);
  if (!points || points.length < 2) return Number.NaN;
  if (points.length < 3) return 0;
  const ring = isClosed(points) ? points : [...points, points[0] as Point];
  const total = alongEdges(
    ring,
    ([lat1, lon1], [lat2, lon2]) => (lon2 - lon1) * (2 + Math.sin(lat1) + Math.sin(lat2)),
  );
  return hundredths(Math.abs((total * EARTH_RADIUS_M * EARTH_RADIUS_M) / 2));
}
