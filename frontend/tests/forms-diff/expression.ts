/** Expressions as trees with a type each, so that they can be drawn, written out, and made smaller. */

export type Type = 'number' | 'string' | 'boolean' | 'date' | 'nodes';

export interface Drawn {
  type: Type;
  /** A function's name, an operator, `-` with one argument, or what a leaf is written as. */
  head: string;
  kind: 'leaf' | 'call' | 'operator' | 'minus' | 'filter';
  args: Drawn[];
}

export const leaf = (type: Type, head: string): Drawn => ({ type, head, kind: 'leaf', args: [] });
export const call = (type: Type, head: string, ...args: Drawn[]): Drawn => ({
  type,
  head,
  kind: 'call',
  args,
});

/** Operators by how strongly they bind, weakest first. */
const STRENGTH: Record<string, number> = Object.fromEntries(
  [['or'], ['and'], ['=', '!='], ['<', '<=', '>', '>='], ['+', '-'], ['*', 'div', 'mod']].flatMap(
    (names, i) => names.map((name): [string, number] => [name, i]),
  ),
);
const MINUS = 6;
const UNION = 7;
const ATOM = 8;

function strengthOf({ kind, head }: Drawn): number {
  if (kind === 'minus') return MINUS;
  if (kind === 'operator') return STRENGTH[head] ?? UNION;
  return ATOM;
}

/** As XPath, with no more parentheses than are needed. */
export function written(drawn: Drawn): string {
  const { kind, head, args } = drawn;
  const own = strengthOf(drawn);
  const part = (arg: Drawn | undefined, least: number): string => {
    const text = written(arg as Drawn);
    return strengthOf(arg as Drawn) < least ? `(${text})` : text;
  };
  if (kind === 'leaf') return head;
  if (kind === 'call') return `${head}(${args.map(written).join(', ')})`;
  if (kind === 'minus') return `-${part(args[0], UNION)}`;
  if (kind === 'filter') return `${head.replace('?', written(args[0] as Drawn))}`;
  return `${part(args[0], own)} ${head} ${part(args[1], own + 1)}`;
}

/** Text as an XPath literal; XPath has no escapes, so text with both quotes is put together. */
export function quoted(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  if (!text.includes('"')) return `"${text}"`;
  return `concat(${text
    .split("'")
    .map((part) => `'${part}'`)
    .join(`, "'", `)})`;
}

/** A literal with the value an expression of this type was stored with; null where none means the same. */
export function literal(type: Type, stored: string): Drawn | null {
  if (type === 'nodes') return null;
  if (type === 'string') return leaf('string', quoted(stored));
  if (type === 'boolean') return call('boolean', stored === 'true' ? 'true' : 'false');
  if (type === 'date')
    return stored === ''
      ? leaf('string', "''")
      : call('date', 'date', leaf('string', `'${stored}'`));
  return numeral(stored);
}

function numeral(stored: string): Drawn {
  const divided = (n: string): Drawn => ({
    type: 'number',
    head: 'div',
    kind: 'operator',
    args: [leaf('number', n), leaf('number', '0')],
  });
  const minus = (arg: Drawn): Drawn => ({ type: 'number', head: '-', kind: 'minus', args: [arg] });
  if (stored === '' || stored === 'NaN') return divided('0');
  if (stored.endsWith('Infinity'))
    return stored.startsWith('-') ? minus(divided('1')) : divided('1');
  return stored.startsWith('-') ? minus(leaf('number', stored.slice(1))) : leaf('number', stored);
}

/** This expression and all in it that stand at the same place of the form, innermost first. */
export function parts(drawn: Drawn): Drawn[] {
  const inner = drawn.kind === 'filter' ? [] : drawn.args.flatMap(parts);
  return [...inner, drawn];
}

/** The same with one part replaced. */
export function replaced(drawn: Drawn, part: Drawn, by: Drawn): Drawn {
  if (drawn === part) return by;
  return { ...drawn, args: drawn.args.map((arg) => replaced(arg, part, by)) };
}
