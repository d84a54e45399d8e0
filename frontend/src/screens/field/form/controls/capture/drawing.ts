/** Strokes on a pad: kept as points, so that they can be undone and fit a pad that was turned. Pure. */
import type { PointGroup } from 'signature_pad';

/** The same strokes on a pad whose width is `factor` times what it was. */
export function scaled(strokes: readonly PointGroup[], factor: number): PointGroup[] {
  return strokes.map((stroke) => ({
    ...stroke,
    dotSize: stroke.dotSize * factor,
    minWidth: stroke.minWidth * factor,
    maxWidth: stroke.maxWidth * factor,
    points: stroke.points.map((point) => ({ ...point, x: point.x * factor, y: point.y * factor })),
  }));
}

export type Drawing = 'signature' | 'draw' | 'annotate';

/** Which kind of drawing an appearance asks for; undefined for a photo. */
export function drawingOf(appearance: string | undefined): Drawing | undefined {
  const looks = (appearance ?? '').split(' ');
  return (['signature', 'draw', 'annotate'] as const).find((kind) => looks.includes(kind));
}

export const COLOURS = ['#14181f', '#b3141f', '#0b4fae'] as const;
