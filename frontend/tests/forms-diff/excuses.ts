/** Which partings of a walk are excused: by a rule of its own, or because they follow from one that is. */
import { isWellFormed } from '@/forms/check';
import { planOf } from '@/forms/plan';
import type { FormDefinition, FormNode } from '@/protocol/types';
import explained from './explained.json';
import type { Step } from './filling';
import type { Excuse, Parting } from './walk';
import { writtenIn } from './written';

export interface Situation {
  parting: Parting;
  node: FormNode | undefined;
  number: number;
  definition: FormDefinition;
  xform: string;
  /** Taken so far. */
  steps: readonly Step[];
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

/** Does what decides this name, from the root, something in a repeat that the node itself stands in? */
function entersOwnRepeat({ parting, definition, number, xform }: Situation): boolean {
  const line = [...upwards(definition, number)].reverse();
  const repeats = line.flatMap(({ k }, i) => {
    const path = line.slice(0, i + 1).map(({ n }) => n);
    return k === 'repeat' ? [`/${path.join('/')}/`] : [];
  });
  const sources = writtenIn(xform).of(parting.path, parting.what);
  return sources.some((source) => repeats.some((repeat) => source.includes(repeat)));
}

/** Has a question a value when the form opens, or may it become relevant later? */
const beginsWithValue = (situation: Situation): boolean =>
  situation.node?.def !== undefined ||
  situation.node?.pre !== undefined ||
  situation.node?.calc !== undefined ||
  isSet(situation, 'load', 'open', 'repeat') ||
  sometimes(situation);

/** The questions at whose change a node is set. */
const triggersOf = ({ definition, number }: Situation): number[] =>
  definition.actions.filter(({ on, set }) => on === 'change' && set === number).map(({ at }) => at);

const at = (situation: Situation, number: number): Situation => ({
  ...situation,
  number,
  node: situation.definition.nodes[number],
});

/** Written by the form, not by whoever fills it in. */
const byForm = (situation: Situation): boolean =>
  situation.node?.calc !== undefined ||
  situation.node?.def !== undefined ||
  isSet(situation, 'load', 'open', 'repeat', 'change');

/** Codes that a question's own list hasn't got. */
function foreign({ node, definition }: Situation, text: string): boolean {
  const choices = definition.lists[node?.items?.list ?? ''];
  const codes = node?.c === 'select1' ? [text] : text.split(/\s+/);
  return !!choices && codes.some((code) => !choices.some(({ v }) => v === code));
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
  'relative-bind': ({ parting, xform }) => writtenIn(xform).loose.has(plain(parting.path)),
  'missing-text': ({ parting }) => parting.what === 'label' && parting.odk === '-',
  'blank-count': ({ parting, definition, number }) =>
    parting.what === 'there' &&
    parting.odk === 'true' &&
    [...upwards(definition, number)].some(({ count }) => count !== undefined),
  'count-comes-back': ({ parting, definition, number, steps }) =>
    [...upwards(definition, number)].some(({ count }) => count !== undefined) &&
    steps.some((step) =>
      parting.what === 'value'
        ? step.do === 'set' && step.path === parting.path && step.value === parting.phone
        : parting.what === 'there' &&
          parting.odk === 'false' &&
          step.do === 'add' &&
          parting.path.startsWith(step.path),
    ),
  'hidden-choice': ({ parting, node }) =>
    node?.items?.where !== undefined &&
    parting.what === 'problem' &&
    parting.value === '' &&
    ['', 'required'].includes(parting.phone),
  'empty-sum': ({ parting, node }) =>
    parting.what === 'value' && parting.odk === '' && mentions(node?.calc, 'sum'),
  'decimal-form': ({ parting, node }) =>
    parting.what === 'value' &&
    ['decimal', 'geopoint', 'geotrace', 'geoshape'].includes(node?.t ?? '') &&
    numbersIn(parting.odk) === numbersIn(parting.phone),
  'date-text': ({ parting, node }) =>
    parting.what === 'value' &&
    mentions(node?.calc, 'date') &&
    parting.odk.startsWith(`${parting.phone}T`),
  'set-without-relevance': (situation) =>
    situation.parting.what === 'value' &&
    situation.parting.odk === '' &&
    [situation.number, ...readBy(situation)].some((number) => {
      const there = at(situation, number);
      return isSet(there, 'load', 'open', 'repeat') && sometimes(there);
    }),
  'change-of-relevance': (situation) =>
    situation.parting.what === 'value' &&
    triggersOf(situation).some((trigger) => beginsWithValue(at(situation, trigger))),
  'moved-instance': (situation) =>
    situation.parting.what === 'value' &&
    isSet(situation, 'change') &&
    situation.steps.some(
      (step) =>
        step.do === 'remove' && plain(situation.parting.path).startsWith(`${plain(step.path)}/`),
    ),
  'days-as-moment': (situation) =>
    situation.parting.what === 'value' &&
    situation.parting.odk === '' &&
    situation.node?.t === 'dateTime' &&
    isSet(situation, 'load', 'open', 'repeat', 'change') &&
    isWellFormed('dateTime', situation.parting.phone),
  'absolute-in-repeat': entersOwnRepeat,
  'calculated-again': ({ parting, node, steps }) =>
    parting.what === 'value' &&
    node?.calc !== undefined &&
    node.c !== undefined &&
    steps.some(
      (step) => step.do === 'set' && step.path === parting.path && step.value === parting.odk,
    ),
  'once-blanked': ({ parting, node, steps }) =>
    parting.what === 'value' &&
    parting.phone === '' &&
    mentions(node?.calc, 'once') &&
    steps.some((step) => step.do === 'set' && step.path === parting.path && step.value === ''),
  'ill-formed': (situation) =>
    byForm(situation) &&
    (situation.parting.what === 'value'
      ? situation.parting.odk === '' && !isWellFormed(situation.node?.t, situation.parting.phone)
      : !situation.node?.items &&
        situation.parting.what === 'problem' &&
        situation.parting.phone === 'type'),
  'foreign-choice': (situation) =>
    byForm(situation) &&
    (situation.parting.what === 'value'
      ? foreign(situation, situation.parting.phone)
      : situation.node?.items !== undefined &&
        situation.parting.what === 'problem' &&
        situation.parting.phone === 'type'),
  'required-unasked': ({ parting, node }) =>
    parting.what === 'problem' &&
    parting.odk === 'required' &&
    parting.phone === '' &&
    (node?.c === undefined || node.c === 'note'),
  'query-choices': ({ parting, xform }) =>
    parting.what === 'offers' &&
    parting.odk === '' &&
    writtenIn(xform).queried.has(plain(parting.path)),
  'body-action': ({ parting, xform }) =>
    parting.what === 'value' &&
    parting.odk === '' &&
    writtenIn(xform).setInBody.has(plain(parting.path)),
  'inline-markup': ({ parting, xform }) =>
    parting.what === 'label' && writtenIn(xform).marked.has(plain(parting.path)),
  'nameless-language': ({ parting, node, xform }) =>
    parting.odk === '' &&
    (parting.what === 'label' || mentions(node?.calc, 'jr:choice-name')) &&
    writtenIn(xform).hasNamelessLanguage,
  'blank-space': ({ parting }) =>
    parting.what === 'value' && parting.phone === '' && /^\s+$/.test(parting.odk),
  'no-utf-8': ({ parting, node }) =>
    parting.what === 'value' &&
    parting.phone === '' &&
    parting.odk.includes('\ufffd') &&
    mentions(node?.calc, 'base64-decode'),
};

const ids = new Set(explained.map(({ id }) => id));

export const excuseIds = (): string[] => Object.keys(TESTS);

const plain = (path: string): string => path.replace(/\[\d+\]/g, '');

function numberAt(definition: FormDefinition, path: string): number {
  let at = 0;
  for (const name of plain(path).split('/')) {
    if (name !== '') at = definition.nodes.findIndex(({ n, p }) => p === at && n === name);
  }
  return at;
}

/** Chance is the server's too; elsewhere it must agree with the phone. */
const CHANCE = 'chance';
/** What one keeps and the other doesn't comes to light later. */
const LASTING = ['count-comes-back', 'calculated-again', 'once-blanked'];

/** What of the partings of a walk is excused, and by which rules. */
export function excuseFor(definition: FormDefinition, xform: string): Excuse {
  // What differed at the last step differs in what is sent.
  const before = new Set<number>();
  const lasting = new Set<number>();
  return (partings, steps) => {
    const situations = partings.map((parting): Situation => {
      const number = numberAt(definition, parting.path);
      return { parting, number, node: definition.nodes[number], definition, xform, steps };
    });
    const rules = situations.map(ruleOf);
    const excused = (only?: string): number[] =>
      situations
        .filter((_, i) => rules[i] && (!only || rules[i] === only))
        .map(({ number }) => number);
    const atEnd = partings.some(({ what }) => what === 'instance');
    if (!atEnd) before.clear();
    for (const number of excused()) before.add(number);
    for (const rule of LASTING) for (const number of excused(rule)) lasting.add(number);
    const after = followers(definition, atEnd ? before : new Set([...excused(), ...lasting]));
    const afterChance = followers(definition, new Set(excused(CHANCE)));
    const left = partings.filter(({ path, server }, i) => {
      const number = situations[i]?.number as number;
      return (
        !rules[i] && (path === '' || !(server === undefined ? after : afterChance).has(number))
      );
    });
    return { rules: [...new Set(rules.flatMap((rule) => rule ?? []))], left };
  };
}

function ruleOf(situation: Situation): string | undefined {
  if (situation.parting.path === '') return undefined;
  const found = Object.entries(TESTS).find(([, holds]) => holds(situation));
  if (situation.parting.server !== undefined && found?.[0] !== CHANCE) return undefined;
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
