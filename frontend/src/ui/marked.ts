/**
 * The Markdown that ODK allows in labels, as pieces to render: bold, italic, headings, links, lists, coloured spans.
 * Any other HTML is left out, its words stay. Small and without innerHTML, where a library for all of Markdown would
 * be larger than the form runtime.
 */

export interface Mark {
  as: 'strong' | 'em' | 'a' | 'span';
  inside: Piece[];
  href?: string;
  color?: string;
  /** Of a heading: 1 to 6. */
  level?: number;
}
export type Piece = string | Mark;

const MAY_BE_MARKED = /[*_#[\\<]|^\s*- /m;
const ESCAPE = /\\([\\`*_{}[\]()#+.!<>-])/;
const TAG = /<\/?(?:span|p|br|b|i|u|strong|em|h[1-6]|div|font|small|center|ul|ol|li|a)\b[^>]*>/i;
const COLOURED =
  /<(?:span|p|font) style="\s*color:\s*([^";]+);?[^"]*">([\s\S]*?)<\/(?:span|p|font)>/i;
const INLINE = new RegExp(
  [
    ESCAPE.source,
    /\*\*(\S(?:[\s\S]*?\S)?)\*\*/.source,
    /__(\S(?:[\s\S]*?\S)?)__(?!\w)/.source,
    /\*(\S(?:[^*]*?\S)?)\*/.source,
    /_(\S(?:[^_]*?\S)?)_(?!\w)/.source,
    /\[([^\]]+)\]\(\s*([^)\s]+)\s*\)/.source,
    COLOURED.source,
    TAG.source,
  ].join('|'),
  'gi',
);
const SAFE_LINK = /^(?:https?:\/\/|tel:|mailto:)/i;
const SAFE_COLOUR = /^(?:#[0-9a-f]{3,8}|[a-z]+)$/i;
const HEADING = /^\s*(#{1,6})\s+(.*?)\s*#*\s*$/;
const BULLET = /^\s*[-*]\s+/;

/** A text in pieces; most have nothing marked and are one string. */
export function marked(text: string): Piece[] {
  if (!MAY_BE_MARKED.test(text)) return [text];
  const lines = text.replace(/<br\s*\/?>/gi, '\n').split('\n');
  return lines.flatMap((line, i) => [...(i > 0 ? ['\n'] : []), ...block(line)]);
}

/** The same without its marks. */
export function unmarked(text: string): string {
  return MAY_BE_MARKED.test(text) ? marked(text).map(words).join('') : text;
}

const words = (piece: Piece): string =>
  typeof piece === 'string' ? piece : piece.inside.map(words).join('');

function block(line: string): Piece[] {
  const heading = HEADING.exec(line);
  if (heading) {
    const [, marks = '', rest = ''] = heading;
    return [{ as: 'strong', level: marks.length, inside: inline(rest) }];
  }
  return BULLET.test(line) ? ['• ', ...inline(line.replace(BULLET, ''))] : inline(line);
}

function inline(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const at = match.index;
    // `a_b_c` is a name, not emphasis.
    if (match[0].startsWith('_') && /\w/.test(text[at - 1] ?? '')) continue;
    if (at < from) continue;
    if (at > from) pieces.push(text.slice(from, at));
    pieces.push(...piece(match));
    from = at + match[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

function piece(match: RegExpMatchArray): Piece[] {
  const [, escaped, strong, strong2, em, em2, link, href = '', color = '', coloured] = match;
  if (escaped) return [escaped];
  const bold = strong ?? strong2;
  if (bold) return [{ as: 'strong', inside: inline(bold) }];
  const italic = em ?? em2;
  if (italic) return [{ as: 'em', inside: inline(italic) }];
  if (link) return SAFE_LINK.test(href) ? [{ as: 'a', href, inside: inline(link) }] : inline(link);
  if (coloured === undefined) return [];
  if (!SAFE_COLOUR.test(color.trim())) return inline(coloured);
  return [{ as: 'span', color: color.trim(), inside: inline(coloured) }];
}
