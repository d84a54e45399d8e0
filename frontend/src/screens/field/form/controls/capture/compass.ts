/** The direction a phone points to, from what the browser tells of its turning. Pure. */

export interface Turn {
  /** Degrees anticlockwise from where `absolute` says it counts: north. */
  alpha: number | null;
  absolute?: boolean;
  /** Safari's own: degrees from north. */
  webkitCompassHeading?: number;
}

/** Degrees clockwise from north, 0..359; undefined if the phone doesn't know north. */
export function heading({ alpha, absolute, webkitCompassHeading }: Turn): number | undefined {
  if (webkitCompassHeading !== undefined) return Math.round(webkitCompassHeading) % 360;
  if (alpha === null || !absolute) return undefined;
  return Math.round(360 - alpha) % 360;
}
