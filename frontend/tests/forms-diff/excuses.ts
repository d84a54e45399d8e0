/** Which partings of a walk are excused: by a rule of its own, or because they follow from one that is. */
import { planOf } from '@/forms/plan';
import type { FormDefinition, FormNode } from '@/protocol/types';
import explained from './explained.json';
import type { Parting } from './walk';

export interface Situation {
  parting: Parting;
  node: FormNode | undefined;
  number: number;
  definition: FormDefinition;
  xform: string;
}

type Test = (situation: Situation) => boolean;

const mentions = (tree: unknown, word: string): boolean =>
  JSON.stringify(tree ?? '').includes(`"${word}"`);

/** A node and what contains it, innermost first. */
function* upwards(definition: FormDefinition, number: number): Generator<FormNode> {
  for (let at = number; at >= 0; at = definition.nodes[at]?.p ?? -1) {
    const node = definition.nodes[at];
    if (node) yield node;
  }
}

const isSet = ({ definition, number }: Situation, ...on: string[]): boolean =>
  definition.actions.some((action) => action.set === number && on.includes(action.on));

const sometimes = ({ definition, number }: Situation): boolean =>
  [...upwards(definition, number)].some(({ rel }) => rel !== undefined);

/** Nodes that a node's calculation reads. */
const readBy = ({ definition, number }: Situation): number[] =>
  (planOf(definition).byNode[number] ?? []).flatMap(({ reads }) => [...reads]);

/** Numbers in one spelling: 1600.0 is 1600. */
const numbersIn = (text: string): string =>
  text
    .split(/[\s;]+/)
    .map((part) => (part === '' ? '' : String(Number(part))))
    .join(' ');

/** Paths in the expressions of one bind that begin at the root and enter a repeat the bind itself stands in. */
function entersOwnRepeat({ definition, number, xform }: Situation): boolean {
  const names = [...upwards(definition, number)].reverse();
  const repeats = names.flatMap(({ k }, i) =>
    k === 'repeat'
      ? [
          `/${names
            .slice(0, i + 1)
            .map(({ n }) => n)
            .join('/')}/`,
        ]
      : [],
  );
  const own = `/${names.map(({ n }) => n).join('/')}"`;
  const told = xform.split('<').filter((tag) => tag.includes(own) || tag.startsWith('itemset'));
  return repeats.some((repeat) =>
    told.some(
      (tag) => tag.split(repeat).length > 2 || (tag.startsWith('itemset') && tag.includes(repeat)),
    ),
  );
}

const TESTS: Record<string, Test> = {
  chance: ({ node, definition, number }) =>
    mentions(node?.calc, 'random') ||
    'rand' in (node?.items ?? {}) ||
    definition.actions.some(({ set, x }) => set === number && mentions(x, 'random')),
  'meta-added': ({ parting }) =>
    parting.what === 'there' &&
    parting.phone === 'false' &&
    /^meta(\/instanceID)?$/.test(parting.path),
  'relative-bind': ({ xform }) => /<bind[^>]*nodeset="[^/"]/.test(xform),
  'missing-text': ({ parting }) => parting.what === 'label' && parting.odk === '-',
  'blank-count': ({ parting, definition, number }) =>
    parting.what === 'there' &&
    parting.odk === 'true' &&
    [...upwards(definition, number)].some(({ count }) => count !== undefined),
  'choice-comes-back': ({ parting, node }) =>
    node?.items?.where !== undefined &&
    (parting.what === 'problem' ? parting.phone === 'required' : parting.what === 'value') &&
    parting.phone
      .split(' ')
      .every((code) => code === '' || code === 'required' || parting.odk.split(' ').includes(code)),
  'empty-sum': ({ parting, node }) =>
    parting.what === 'value' && parting.odk === '' && mentions(node?.calc, 'sum'),
  'decimal-form': ({ parting, node }) =>
    parting.what === 'value' &&
    ['decimal', 'geopoint', 'geotrace', 'geoshape'].includes(node?.t ?? '') &&
    numbersIn(parting.odk) === numbersIn(parting.phone),
  'set-without-relevance': (situation) =>
    situation.parting.what === 'value' &&
    situation.parting.odk === '' &&
    [situation.number, ...readBy(situation)].some((number) => {
      const there = { ...situation, number };
      return isSet(there, 'load', 'open', 'repeat') && sometimes(there);
    }),
  'change-of-relevance': (situation) =>
    situation.parting.what === 'value' && isSet(situation, 'change'),
  'absolute-in-repeat': (situation) => entersOwnRepeat(situation),
};

const ids = new Set(explained.map(({ id }) => id));

export const excuseIds = (): string[] => Object.keys(TESTS);

function numberAt(definition: FormDefinition, path: string): number {
  let at = 0;
  for (const name of path.replace(/\[\d+\]/g, '').split('/')) {
    if (name !== '') at = definition.nodes.findIndex(({ n, p }) => p === at && n === name);
  }
  return at;
}

/** The rules that excuse all partings of a walk; null if one of them isn't. */
export function excused(
  partings: readonly Parting[],
  definition: FormDefinition,
  xform: string,
): string[] | null {
  const situations = partings.map((parting): Situation => {
    const number = numberAt(definition, parting.path);
    return { parting, number, node: definition.nodes[number], definition, xform };
  });
  const rules = situations.map((situation) => ruleOf(situation));
  const roots = new Set(situations.filter((_, i) => rules[i]).map(({ number }) => number));
  if (roots.size === 0) return null;
  const after = followers(definition, roots);
  const all = situations.every(
    ({ number, parting }, i) => rules[i] || (parting.path !== '' && after.has(number)),
  );
  return all ? [...new Set(rules.flatMap((rule) => rule ?? []))] : null;
}

function ruleOf(situation: Situation): string | undefined {
  if (situation.parting.server !== undefined || situation.parting.path === '') return undefined;
  const found = Object.entries(TESTS).find(([, holds]) => holds(situation));
  return found && ids.has(found[0]) ? found[0] : undefined;
}

/** Nodes that read one of some nodes, or one that does, with all in them. */
function followers(definition: FormDefinition, roots: ReadonlySet<number>): Set<number> {
  const found = new Set(roots);
  const { jobs } = planOf(definition);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const job of jobs) if ([...job.reads].some((node) => found.has(node))) found.add(job.node);
    definition.nodes.forEach(({ p }, number) => {
      if (found.has(p)) found.add(number);
    });
    for (const { at, set } of definition.actions) if (found.has(at)) found.add(set);
  }
  return found;
}
