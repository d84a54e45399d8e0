/** Fills in a form step by step in all three and says where they part. */
import type { AnswerValue, FormNode } from '@/protocol/types';
import { type Filling, NOW, type Shown, type Step } from './filling';
import { answersFor } from './invent';
import { openOdk } from './odk';
import { PhoneFilling } from './phone';
import type { Chance } from './random';
import type { Compiled, Server } from './server';

/** One thing about which they disagree. */
export interface Parting {
  /** How many steps were taken. */
  after: number;
  path: string;
  what: keyof Shown | 'there' | 'instance' | 'finding' | 'step';
  odk: string;
  phone: string;
  server?: string;
  /** The answer, if that isn't what differs. */
  value?: string;
}

type Ready = Extract<Compiled, { form: number }>;

export interface Trio {
  odk: Filling;
  phone: PhoneFilling;
  server: Server;
  form: number;
  kindOf(path: string): string;
  /** Numbers that the control of a range can give; null if it is no range. */
  stepsOf(path: string): string[] | null;
  /** A calculation that the user may write over: the server, which sees no order of events, makes it again. */
  overwritable(path: string): boolean;
}

export async function open(server: Server, xform: string, ready: Ready): Promise<Trio> {
  const odk = await openOdk(xform);
  const phone = new PhoneFilling(ready.definition);
  return {
    odk,
    phone,
    server,
    form: ready.form,
    kindOf: (path) => kindAt(ready, path),
    stepsOf: (path) => stepsAt(ready, path),
    overwritable: (path) => {
      const node = nodeAt(ready, path);
      return node?.calc !== undefined && node.c !== undefined;
    },
  };
}

function nodeAt({ definition }: Ready, path: string): FormNode | undefined {
  let at = 0;
  for (const name of path.replace(/\[\d+\]/g, '').split('/')) {
    at = definition.nodes.findIndex((node) => node.p === at && node.n === name);
  }
  return definition.nodes[at];
}

function kindAt(ready: Ready, path: string): string {
  const node = nodeAt(ready, path);
  if (['select', 'select1', 'rank', 'trigger'].includes(node?.c ?? '')) return node?.c as string;
  return node?.t ?? 'string';
}

function stepsAt(ready: Ready, path: string): string[] | null {
  const { range } = nodeAt(ready, path) ?? {};
  if (!range) return null;
  const [start, end, step] = range.map(Number) as [number, number, number];
  const size = Math.abs(step) || 1;
  const count = Math.min(Math.floor(Math.abs(end - start) / size + 1e-9), 50);
  const way = end < start ? -size : size;
  return Array.from({ length: count + 1 }, (_, i) => String(Number((start + i * way).toFixed(9))));
}

// ---- steps

/** A step that can be taken now; null if nothing can. */
export function drawStep(chance: Chance, trio: Trio): Step | null {
  const { ranges, leaves } = trio.phone.open();
  const state = trio.odk.state();
  const askable = leaves.filter((path) => state[path]?.relevant && !state[path]?.readonly);
  if (ranges.length > 0 && (askable.length === 0 || chance.happens(0.25))) {
    const { path, size } = chance.of(ranges);
    if (size > 0 && chance.happens(0.4))
      return { do: 'remove', path: `${path}[${chance.below(size)}]` };
    return size < 4 ? { do: 'add', path } : null;
  }
  if (askable.length === 0) return null;
  const path = chance.of(askable);
  const steps = trio.stepsOf(path);
  const value = steps
    ? chance.of(['', ...steps])
    : valueFor(chance, trio.kindOf(path), state[path] as Shown);
  return { do: 'set', path, value };
}

function valueFor(chance: Chance, kind: string, { offers }: Shown): string {
  if (!offers) return chance.of(answersFor(kind));
  if (offers.length === 0 || chance.happens(0.2)) return '';
  if (kind === 'select1') return chance.of(offers);
  // Whoever orders anything orders all of it.
  if (kind === 'rank') return chance.shuffled(offers).join(' ');
  return offers.filter(() => chance.happens(0.4)).join(' ');
}

// ---- comparing

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** Where they disagree about the form as it stands. */
export async function compare(trio: Trio, after: number): Promise<Parting[]> {
  const [theirs, ours] = [trio.odk.state(), trio.phone.state()];
  const judged = await trio.server.judge(trio.form, trio.phone.session.snapshot().answers);
  const found: Parting[] = [];
  for (const path of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
    found.push(...differences(theirs[path], ours[path], path, after));
    const own = judged.nodes[path];
    if ((ours[path] && !ours[path].relevant) || trio.overwritable(path)) continue;
    found.push(...serverDifferences(ours[path], own, path, after));
  }
  return found;
}

/** What is asked of both: of what isn't relevant nothing more than that. */
function differences(
  odk: Shown | undefined,
  phone: Shown | undefined,
  path: string,
  after: number,
): Parting[] {
  if (path.includes('@')) return [];
  if (!odk || !phone)
    return [{ after, path, what: 'there', odk: String(!!odk), phone: String(!!phone) }];
  const keys: (keyof Shown)[] = odk.relevant && phone.relevant ? KEYS : ['relevant'];
  return keys.flatMap((what) => {
    if ((what === 'readonly' || what === 'required') && phone[what] === undefined) return [];
    const [a, b] = [normal(what, odk), normal(what, phone)];
    const value = what === 'problem' ? { value: phone.value ?? '' } : {};
    return a === b ? [] : [{ after, path, what, odk: a, phone: b, ...value }];
  });
}

const KEYS: (keyof Shown)[] = [
  'relevant',
  'value',
  'required',
  'readonly',
  'problem',
  'offers',
  'label',
];

function normal(what: keyof Shown, shown: Shown): string {
  if (what === 'value') return withoutMade(shown.value ?? '');
  if (what === 'label')
    return withoutMade(shown.label ?? '')
      .replace(/\s+/g, ' ')
      .trim();
  if (what === 'offers') return (shown.offers ?? []).join(' ');
  return asText(shown[what] ?? '');
}

/** Identifiers that are made are never the same. */
const withoutMade = (text: string): string =>
  text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'made');

function serverDifferences(
  phone: Shown | undefined,
  server: Shown | undefined,
  path: string,
  after: number,
): Parting[] {
  if (!phone || !server) {
    if (!phone === !server || path.includes('@')) return [];
    return [
      { after, path, what: 'there', odk: '', phone: String(!!phone), server: String(!!server) },
    ];
  }
  const keys: (keyof Shown)[] = ['relevant', 'value', 'required', 'offers', 'label'];
  return keys.flatMap((what) => {
    if (server[what] === undefined || (what === 'required' && phone.required === undefined))
      return [];
    const sorted = (shown: Shown): Shown =>
      shown.offers ? { ...shown, offers: [...new Set(shown.offers)].sort() } : shown;
    const [a, b] = [normal(what, sorted(phone)), normal(what, sorted(server))];
    return a === b ? [] : [{ after, path, what, odk: '', phone: a, server: b }];
  });
}

const ASKED = new Set(['required', 'constraint', 'type']);

/** Where the instances that would be sent differ, and what the server finds wrong with ours. */
export async function compareEnd(trio: Trio, after: number): Promise<Parting[]> {
  const ours = await trio.phone.answers();
  const [a, b] = [leavesOf(await trio.odk.answers()), leavesOf(ours)];
  const found = [...new Set([...a.keys(), ...b.keys()])].flatMap((path): Parting[] => {
    const [odk, phone] = [a.get(path) ?? '', b.get(path) ?? ''];
    return odk === phone ? [] : [{ after, path, what: 'instance', odk, phone }];
  });
  const judged = await trio.server.judge(trio.form, ours);
  // Of very many findings the server names the first.
  if (judged.violations.some(([, kind]) => kind === 'many')) return found;
  const told = Object.entries(trio.phone.state()).flatMap(([path, { problem }]) =>
    problem ? [`${path} ${problem}`] : [],
  );
  // A form that isn't ready is never sent: of one, only what both look for counts.
  const server = judged.violations
    .filter(([, kind]) => told.length === 0 || ASKED.has(kind))
    .map(([path, kind]) => `${path} ${kind}`);
  if (told.sort().join('; ') !== server.sort().join('; '))
    found.push({
      after,
      path: '',
      what: 'finding',
      odk: '',
      phone: told.join('; '),
      server: server.join('; '),
    });
  return found;
}

/** What is sent by path, without identifiers and times of day, which are made anew in every filling. */
function leavesOf(
  value: AnswerValue,
  path = '',
  found = new Map<string, string>(),
): Map<string, string> {
  if (typeof value === 'string') {
    if (value !== NOW) found.set(path, withoutMade(value));
  } else if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) {
      found.set(`${path}[${i}]`, 'there');
      leavesOf(one, `${path}[${i}]`, found);
    }
  } else {
    for (const [name, one] of Object.entries(value))
      leavesOf(one, path === '' ? name : `${path}/${name}`, found);
  }
  return found;
}

/** Rules that excuse some partings, and those that none does. */
export type Excuse = (
  partings: readonly Parting[],
  steps: readonly Step[],
) => { rules: string[]; left: Parting[] };

export interface Walked {
  steps: Step[];
  /** What isn't excused; if all is, what was. */
  partings: Parting[];
  /** Rules that excuse all of it; null if something isn't. */
  rules: string[] | null;
}

/** Take steps in both, as long as there is one and all that differs is excused. */
export async function walk(
  trio: Trio,
  excuse: Excuse,
  next: (at: number) => Step | null | undefined,
): Promise<Walked> {
  const walked: Walked = { steps: [], partings: [], rules: [] };
  const parted = (found: Parting[]): boolean => {
    const { rules, left } = excuse(found, walked.steps);
    walked.partings = left.length > 0 ? left : [...walked.partings, ...found];
    walked.rules = left.length > 0 ? null : [...new Set([...(walked.rules ?? []), ...rules])];
    return left.length > 0;
  };
  if (parted(await compare(trio, 0))) return walked;
  for (let step = next(0); step; step = next(walked.steps.length)) {
    walked.steps.push(step);
    const after = walked.steps.length;
    const refused = take(trio, step, after);
    if (parted(refused.length > 0 ? refused : await compare(trio, after))) return walked;
    if (refused.length > 0) break;
  }
  parted(await compareEnd(trio, walked.steps.length));
  return walked;
}

function take(trio: Trio, step: Step, after: number): Parting[] {
  const attempt = (filling: Filling): string => {
    try {
      filling.take(step);
      return '';
    } catch (error) {
      return String(error).split('\n')[0] as string;
    }
  };
  const [odk, phone] = [attempt(trio.odk), attempt(trio.phone)];
  const path = step.path;
  return (odk === '') === (phone === '') ? [] : [{ after, path, what: 'step', odk, phone }];
}
