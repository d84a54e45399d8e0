/** How large a picture is kept: decides, step by step, the size and quality to try. Pure; draws nothing. */

export interface Size {
  width: number;
  height: number;
}
export interface Attempt extends Size {
  /** Of the JPEG, 0..1. */
  quality: number;
}
export interface Limit {
  /** Longest side, pixels. */
  pixels: number;
  bytes: number;
}

/** Three of them and a day's visits have to be through a line of 20 kbit/s in four minutes. */
export const PHOTO: Limit = { pixels: 1280, bytes: 140_000 };
export const DRAWING: Limit = { pixels: 1280, bytes: 60_000 };

const GOOD = 0.8;
/** Below this, blocks are seen before small writing is lost by fewer pixels. */
const LOWEST = 0.55;
const SMALLEST_PIXELS = 240;

/** The limit of a question: `max-pixels` can make photos smaller or larger, never heavier. */
export function photoLimit(parameter: unknown): Limit {
  const pixels = Number(parameter);
  return pixels > 0 ? { ...PHOTO, pixels: Math.max(SMALLEST_PIXELS, Math.round(pixels)) } : PHOTO;
}

/** `size` made to fit, never enlarged. */
export function fitted({ width, height }: Size, pixels: number): Size {
  const scale = Math.min(1, pixels / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

export function firstAttempt(size: Size, limit: Limit): Attempt {
  return { ...fitted(size, limit.pixels), quality: GOOD };
}

/** What to try after an attempt that gave `bytes`; null when it fits, or can't be made smaller. */
export function nextAttempt(last: Attempt, bytes: number, limit: Limit): Attempt | null {
  if (bytes <= limit.bytes) return null;
  const lower = Math.round((last.quality - 0.1) * 100) / 100;
  // A little too heavy: quality. Far too heavy: fewer pixels, as many as the weight tells.
  if (bytes < limit.bytes * 1.6 && lower >= LOWEST) return { ...last, quality: lower };
  const longest = Math.max(last.width, last.height);
  if (longest <= SMALLEST_PIXELS) return null;
  const scale = Math.min(0.9, Math.max(0.5, Math.sqrt(limit.bytes / bytes)));
  const pixels = Math.max(SMALLEST_PIXELS, Math.round(longest * scale));
  return { ...fitted(last, pixels), quality: Math.max(last.quality, 0.7) };
}
