/**
 * The reader's own name and the day over everything that tells of somebody: faint, but in every picture taken of the screen,
 * and on every printed page. One image, drawn once: theme.css lays it over the page and over each open dialog as a layer of
 * its own, of which nothing is painted again when the page scrolls.
 */
import { shallowRef } from 'vue';
import { isoDay } from './dates';

export interface Reader {
  name: string;
  username: string;
}

/** Who sits at the review desk. */
export const atDesk = shallowRef<Reader | null>(null);

/** Null: nobody is told about, or nobody reads. */
export function showWatermark(reader: Reader | null, now = new Date()): void {
  const { classList, style } = document.documentElement;
  classList.toggle('marked', reader !== null);
  const image = reader ? imageOf([reader.name, reader.username, isoDay(now)].join(' ')) : '';
  if (style.getPropertyValue('--watermark') !== image) style.setProperty('--watermark', image);
}

const SIZE = 16;
const SLANT = 20;
const ESCAPED: Record<string, string> = { '<': '&lt;', '&': '&amp;', '>': '&gt;' };

/** As CSS writes it: a tile with the text aslant. */
export function imageOf(text: string): string {
  const width = [...text].reduce(
    (sum, sign) => sum + (sign > '\u2e80' ? SIZE : SIZE * 0.6),
    3 * SIZE,
  );
  const height = Math.round(width * Math.sin((SLANT * Math.PI) / 180)) + 2 * SIZE;
  const words = text.replace(/[<&>]/g, (sign) => ESCAPED[sign] ?? '');
  const at = `x="50%" y="50%" text-anchor="middle" transform="rotate(-${SLANT} ${width / 2} ${height / 2})"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text ${at} font-family="sans-serif" font-size="${SIZE}" fill="#1c2b45" fill-opacity=".1">${words}</text></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}
