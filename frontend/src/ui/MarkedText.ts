/** A form's own words with what is marked in them: bold, italic, headings, links. */
import { type FunctionalComponent, h, type VNode } from 'vue';
import { type Mark, marked, type Piece } from './marked';

const SIZES = [1.375, 1.25, 1.125, 1.0625, 1, 1];

function render(piece: Piece): VNode | string {
  return typeof piece === 'string'
    ? piece
    : h(piece.as, attributes(piece), piece.inside.map(render));
}

function attributes({ as, href, color, level }: Mark): Record<string, unknown> {
  // A link leads out of the form: the form stays.
  if (as === 'a') return { href, target: '_blank', rel: 'noopener noreferrer' };
  if (level) return { style: { fontSize: `${SIZES[level - 1]}em` } };
  return color ? { style: { color } } : {};
}

const MarkedText: FunctionalComponent<{ text: string }> = ({ text }) => marked(text).map(render);
MarkedText.props = ['text'];

export default MarkedText;
