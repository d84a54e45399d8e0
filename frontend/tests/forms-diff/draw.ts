/** Draws expressions: any supported function of any other, with values that are apt to go wrong. */
import { call, type Drawn, leaf, quoted, type Type } from './expression';
import type { Chance } from './random';
import {
  COMPARISONS,
  FILTERS,
  FORMS,
  FUNCTIONS,
  HOPELESS,
  INSIDE,
  LITERALS,
  OPERATORS,
  QUESTIONS,
} from './vocabulary';

const TYPES: readonly Type[] = ['number', 'string', 'boolean', 'date', 'nodes'];
/** Share of the arguments that are of another type than the function asks for. */
const MISFITS = 0.12;

const BY_RESULT = new Map<string, string[]>();
for (const [name, signature] of Object.entries(FUNCTIONS)) {
  const [result = ''] = signature.split(' ');
  BY_RESULT.set(result, [...(BY_RESULT.get(result) ?? []), name]);
}

/** An expression of a type, at most `depth` calls deep. */
export function draw(chance: Chance, type: Type = chance.of(TYPES), depth = 3): Drawn {
  if (type === 'nodes') return drawNodes(chance);
  if (depth <= 0 || chance.happens(0.2)) return drawLeaf(chance, type);
  if (type === 'boolean' && chance.happens(0.35)) return drawComparison(chance, depth);
  const operators = OPERATORS.filter(([, result]) => result === type);
  if (operators.length > 0 && chance.happens(0.3)) {
    const [head, , wanted] = chance.of(operators);
    const args = [drawArgument(chance, wanted, depth), drawArgument(chance, wanted, depth)];
    return { type, head, kind: 'operator', args };
  }
  if (type === 'number' && chance.happens(0.06))
    return { type, head: '-', kind: 'minus', args: [drawArgument(chance, type, depth)] };
  if (chance.happens(0.004)) return drawForm(chance, type, HOPELESS);
  if (chance.happens(0.04)) return drawForm(chance, type, FORMS);
  return drawCall(chance, type, depth);
}

function drawForm(chance: Chance, type: Type, forms: readonly [Type, string][]): Drawn {
  const fitting = forms.filter(([result]) => result === type);
  return fitting.length > 0 ? leaf(...chance.of(fitting)) : drawLeaf(chance, type);
}

function drawCall(chance: Chance, type: Type, depth: number): Drawn {
  const name = chance.of([...(BY_RESULT.get(type) ?? []), ...(BY_RESULT.get('same') ?? [])]);
  const [, ...wanted] = (FUNCTIONS[name] as string).split(' ');
  const args = wanted.flatMap((one) => drawArguments(chance, one, type, depth));
  return call(type, name, ...args);
}

/** What one word of a signature stands for. */
function drawArguments(chance: Chance, word: string, result: Type, depth: number): Drawn[] {
  const wanted = word.replace(/[?*]$/, '');
  const count = word.endsWith('*') ? chance.below(3) : word.endsWith('?') ? chance.below(2) : 1;
  if (wanted === 'pair') {
    const pair = (): Drawn[] => [
      drawArgument(chance, 'boolean', depth),
      drawArgument(chance, 'number', depth),
    ];
    return chance.times(count, pair).flat();
  }
  return chance.times(count, () =>
    drawArgument(chance, wanted === 'same' ? result : wanted, depth),
  );
}

function drawArgument(chance: Chance, wanted: string, depth: number): Drawn {
  if (wanted === 'any') return draw(chance, chance.of(TYPES), depth - 1);
  if (wanted === 'nodes') return drawNodes(chance);
  if (chance.happens(MISFITS) && !(wanted in STRICT)) return draw(chance, undefined, depth - 1);
  if (wanted === 'moment' && chance.happens(0.3)) return draw(chance, 'date', depth - 1);
  const plain = TYPES.find((type) => type === wanted);
  return plain ? draw(chance, plain, depth - 1) : drawLeaf(chance, wanted);
}

/** Arguments that have no meaning but the listed ones. */
const STRICT = {
  pattern: 1,
  algorithm: 1,
  encoding: 1,
  base64: 1,
  place: 1,
  format: 1,
  spot: 1,
  ring: 1,
};

function drawLeaf(chance: Chance, wanted: string): Drawn {
  const questions = QUESTIONS[wanted];
  if (questions && chance.happens(0.5)) return leaf('nodes', chance.of(questions));
  if (wanted === 'boolean') return call('boolean', chance.of(['true', 'false']));
  const text = chance.of(LITERALS[wanted] ?? (LITERALS.string as readonly string[]));
  if (wanted === 'date') return call('date', 'date', leaf('string', quoted(text)));
  if (wanted !== 'number' && wanted !== 'count') return leaf('string', quoted(text));
  return text.startsWith('-')
    ? { type: 'number', head: '-', kind: 'minus', args: [leaf('number', text.slice(1))] }
    : leaf('number', text);
}

function drawNodes(chance: Chance): Drawn {
  const named = (): Drawn => leaf('nodes', chance.of(QUESTIONS.nodes as readonly string[]));
  if (chance.happens(0.3)) {
    const head = chance.of(FILTERS);
    return { type: 'nodes', head, kind: 'filter', args: [drawCondition(chance)] };
  }
  return named();
}

function drawCondition(chance: Chance): Drawn {
  const side = (): Drawn => leaf(...chance.of(INSIDE));
  if (chance.happens(0.2)) return leaf('number', chance.of(['1', '2', 'last()']));
  return {
    type: 'boolean',
    head: chance.of(COMPARISONS),
    kind: 'operator',
    args: [side(), side()],
  };
}

function drawComparison(chance: Chance, depth: number): Drawn {
  const type = chance.of(TYPES);
  const head = chance.of(COMPARISONS);
  const args = [drawArgument(chance, type, depth), drawArgument(chance, type, depth)];
  return { type: 'boolean', head, kind: 'operator', args };
}
