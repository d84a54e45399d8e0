/** Invents forms: groups, repeats in repeats, and rules that refer to what stands before them, written as pyxform would. */
import type { Chance } from './random';
import { escaped } from './sheet';

type Kind = 'string' | 'int' | 'decimal' | 'date' | 'select1' | 'select' | 'calculate' | 'note';

interface Question {
  name: string;
  path: string;
  kind: Kind;
  /** Paths of the repeats around it, outermost first. */
  repeats: readonly string[];
  /** Neither it nor anything around it is ever without relevance. */
  sure: boolean;
}

interface Parts {
  /** The question's place in the primary instance, its bind, and its control; `model` for first actions. */
  instance: string;
  /** The same as it stands in the template of a repeat around it. */
  template: string;
  binds: string[];
  body: string;
  actions: string[];
}

const KINDS: readonly Kind[] = [
  'string', 'string', 'int', 'int', 'decimal', 'date', 'select1', 'select', 'calculate', 'calculate', 'note',
]; // biome-ignore format: one line reads as the shares they are

const TYPE: Record<Kind, string> = {
  string: 'string',
  int: 'int',
  decimal: 'decimal',
  date: 'date',
  select1: 'string',
  select: 'string',
  calculate: 'string',
  note: 'string',
};

const CODES = ['a', 'b', 'c', 'd', 'e', 'f'];
const MOST_DEPTH = 3;

export interface Invented {
  xform: string;
  /** Answers worth giving, by the question's name. */
  kinds: Record<string, string>;
}

export function invent(chance: Chance): Invented {
  const inventor = new Inventor(chance);
  const top = inventor.several('/data', [], 0, 3 + chance.below(4));
  const lists = CODES.map(
    (code, i) =>
      `<item><name>${code}</name><label>${code.toUpperCase()}</label><kind>${CODES[i % 2]}</kind></item>`,
  ).join('');
  const xform = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:orx="http://openrosa.org/xforms">
<h:head><h:title>invented</h:title><model odk:xforms-version="1.0.0">
<instance><data id="invented" version="1">${top.instance}<meta><instanceID/></meta></data></instance>
<instance id="codes"><root>${lists}</root></instance>
${top.binds.join('\n')}
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
${top.actions.join('\n')}
</model></h:head><h:body>
${top.body}
</h:body></h:html>`;
  const kinds = inventor.made.map(({ name, kind }): [string, string] => [name, kind]);
  return { xform, kinds: Object.fromEntries(kinds) };
}

class Inventor {
  readonly made: Question[] = [];
  private readonly ranges: { path: string; repeats: readonly string[]; sure: boolean }[] = [];
  private names = 0;
  /** How many containers around have rules of their own. */
  private unsure = 0;

  constructor(private readonly chance: Chance) {}

  several(path: string, repeats: readonly string[], depth: number, count: number): Parts {
    return joined(this.chance.times(count, () => this.one(path, repeats, depth)));
  }

  private one(above: string, repeats: readonly string[], depth: number): Parts {
    if (depth < MOST_DEPTH && this.chance.happens(0.16)) return this.group(above, repeats, depth);
    if (depth < MOST_DEPTH && this.chance.happens(0.2)) return this.repeat(above, repeats, depth);
    return this.question(above, repeats);
  }

  private name(prefix: string): string {
    this.names += 1;
    return `${prefix}${this.names}`;
  }

  private group(above: string, repeats: readonly string[], depth: number): Parts {
    const name = this.name('g');
    const path = `${above}/${name}`;
    const relevant = this.chance.happens(0.5) ? this.condition(path, repeats) : '';
    if (relevant !== '') this.unsure += 1;
    const inside = this.several(path, repeats, depth + 1, 1 + this.chance.below(3));
    if (relevant !== '') this.unsure -= 1;
    return {
      instance: `<${name}>${inside.instance}</${name}>`,
      template: `<${name}>${inside.template}</${name}>`,
      binds: [bind(path, { relevant }), ...inside.binds],
      body: `<group ref="${path}"><label>${name}</label>${inside.body}</group>`,
      actions: inside.actions,
    };
  }

  private repeat(above: string, repeats: readonly string[], depth: number): Parts {
    const name = this.name('r');
    const path = `${above}/${name}`;
    const relevant = this.chance.happens(0.25) ? this.condition(path, repeats) : '';
    const count = this.chance.happens(0.35) ? this.count(path, repeats) : '';
    if (relevant !== '') this.unsure += 1;
    const inside = this.several(path, [...repeats, path], depth + 1, 1 + this.chance.below(3));
    if (relevant !== '') this.unsure -= 1;
    const sure = relevant === '' && this.unsure === 0;
    this.ranges.push({ path, repeats, sure });
    const template = `<${name} jr:template="">${inside.template}</${name}>`;
    const first = `<${name}>${inside.instance}</${name}>`;
    const counted = count === '' ? '' : ` jr:count="${escaped(count)}" jr:noAddRemove="true()"`;
    return {
      // Only the outermost has its template beside its first instance.
      instance: repeats.length === 0 ? template + first : first,
      template,
      binds: [bind(path, { relevant }), ...inside.binds],
      body: `<group ref="${path}"><label>${name}</label><repeat nodeset="${path}"${counted}>${inside.body}${inside.actions.filter((one) => one.includes('odk-new-repeat')).join('')}</repeat></group>`,
      actions: inside.actions.filter((one) => !one.includes('odk-new-repeat')),
    };
  }

  private question(above: string, repeats: readonly string[]): Parts {
    const { chance } = this;
    const kind = chance.of(KINDS);
    const name = this.name('q');
    const path = `${above}/${name}`;
    const shown = kind !== 'calculate';
    const rules: Record<string, string> = { type: TYPE[kind] };
    if (chance.happens(0.3)) rules.relevant = this.condition(path, repeats);
    if (kind === 'calculate') rules.calculate = this.calculation(path, repeats);
    if (kind === 'note') rules.readonly = 'true()';
    else if (shown) this.addRules(rules, path, kind, repeats);
    const fixed = shown && kind !== 'note' && chance.happens(0.2) ? this.fixed(kind) : '';
    // ODK's engine takes no calculated default into a question that isn't relevant yet.
    const always = rules.relevant === undefined && this.unsure === 0;
    const actions =
      shown && always && kind !== 'note' ? this.firstActions(path, kind, repeats) : [];
    const trigger = always && actions.length === 0 ? this.trigger(path, repeats) : '';
    const body = shown ? this.control(name, path, kind, repeats, trigger) : '';
    this.made.push({ name, path, kind, repeats, sure: always });
    return {
      instance: `<${name}>${fixed}</${name}>`,
      template: `<${name}>${fixed}</${name}>`,
      binds: [bind(path, rules)],
      body,
      actions,
    };
  }

  private addRules(
    rules: Record<string, string>,
    path: string,
    kind: Kind,
    repeats: readonly string[],
  ): void {
    const { chance } = this;
    if (chance.happens(0.25))
      rules.required = chance.happens(0.5) ? 'true()' : this.condition(path, repeats);
    if (chance.happens(0.3)) rules.constraint = this.constraint(path, kind, repeats);
    if (chance.happens(0.06) && this.near(repeats).length > 0)
      rules.readonly = this.condition(path, repeats);
  }

  // ---- references

  /** What stands before and can be seen as one node from here. */
  private near(repeats: readonly string[], kinds?: readonly Kind[]): Question[] {
    return this.made.filter(
      (one) =>
        one.repeats.every((path) => repeats.includes(path)) &&
        one.kind !== 'note' &&
        (!kinds || kinds.includes(one.kind)),
    );
  }

  /** A path to a question: relative where both stand in a repeat, as pyxform writes it. */
  private reference(from: string, to: Question): string {
    if (to.repeats.length === 0) return to.path;
    return relative(from, to.path);
  }

  private condition(path: string, repeats: readonly string[]): string {
    const { chance } = this;
    const near = this.near(repeats);
    if (near.length === 0) return chance.of(['true()', '1 = 1']);
    const asked = chance.of(near);
    const ref = this.reference(path, asked);
    const simple = this.simple(ref, asked.kind);
    if (!chance.happens(0.3)) return simple;
    const other = chance.of(near);
    return `${simple} ${chance.of(['and', 'or'])} ${this.simple(this.reference(path, other), other.kind)}`;
  }

  private simple(ref: string, kind: Kind): string {
    const { chance } = this;
    if (kind === 'int' || kind === 'decimal')
      return `${ref} ${chance.of(['>', '<', '>=', '!='])} ${chance.below(5)}`;
    if (kind === 'select') return `selected(${ref}, '${chance.of(CODES)}')`;
    // Far from today: the server grants that a form is left open over midnight.
    if (kind === 'date') return chance.of([`${ref} < today() - 60`, `${ref} != ''`]);
    if (kind === 'select1') return `${ref} = '${chance.of(CODES)}'`;
    return chance.of([`${ref} != ''`, `string-length(${ref}) > 2`, `not(${ref} = '')`]);
  }

  private constraint(path: string, kind: Kind, repeats: readonly string[]): string {
    const { chance } = this;
    const near = this.near(repeats, [kind]);
    if (near.length > 0 && chance.happens(0.4))
      return `. ${chance.of(['!=', '=', '>='])} ${this.reference(path, chance.of(near))}`;
    if (kind === 'int' || kind === 'decimal') return `. >= ${chance.below(4)} and . < 50`;
    if (kind === 'date') return `. <= today() - 60`;
    if (kind === 'select') return `count-selected(.) <= 2`;
    if (kind === 'select1') return `. != '${chance.of(CODES)}'`;
    return chance.of([`string-length(.) < 6`, `regex(., '^[a-z张]+$')`, `not(contains(., ' '))`]);
  }

  private calculation(path: string, repeats: readonly string[]): string {
    const { chance } = this;
    const options: (() => string)[] = [() => String(chance.below(9))];
    const near = this.near(repeats);
    const numbers = this.near(repeats, ['int', 'decimal']);
    const ref = (all: Question[]): string => this.reference(path, chance.of(all));
    if (near.length > 0)
      options.push(
        () => `concat(${ref(near)}, '-', ${ref(near)})`,
        () => `if(${this.condition(path, repeats)}, ${ref(near)}, 'no')`,
        () => `coalesce(${ref(near)}, ${ref(near)})`,
        () => `string-length(${ref(near)})`,
        () => `count-selected(${ref(near)})`,
      );
    if (numbers.length > 0)
      options.push(
        () => `${ref(numbers)} + 1`,
        () => `round(${ref(numbers)} div 3, 2)`,
        () => `max(${ref(numbers)}, ${ref(numbers)})`,
      );
    if (repeats.length > 0)
      options.push(() =>
        `position(${'../'.repeat(depthWithin(path, repeats))})`.replace('/)', ')'),
      );
    // What isn't relevant is left out where a path can mean several; ODK's engine keeps it, blank.
    const ranges = this.ranges.filter(
      (one) => one.sure && one.repeats.every((r) => repeats.includes(r)),
    );
    if (ranges.length > 0) options.push(...this.overRanges(path, ranges));
    return chance.of(options)();
  }

  private overRanges(
    path: string,
    ranges: { path: string; repeats: readonly string[] }[],
  ): (() => string)[] {
    const { chance } = this;
    const range = chance.of(ranges);
    const seen = (to: string): string => (range.repeats.length > 0 ? relative(path, to) : to);
    const inside = this.made.filter(
      ({ repeats, sure, kind }) => sure && kind !== 'note' && innermost(repeats) === range.path,
    );
    const some = inside.length > 0 ? chance.of(inside) : undefined;
    return [
      () => `count(${seen(range.path)})`,
      ...(some
        ? [
            () => `if(count(${seen(some.path)}) > 0, sum(${seen(some.path)}), 0)`,
            () => `join(' ', ${seen(some.path)})`,
            () => `count-non-empty(${seen(some.path)})`,
            () => `indexed-repeat(${some.path}, ${range.path}, 1)`,
          ].slice(0, range.repeats.length > 0 ? 3 : 4)
        : []),
    ];
  }

  private count(path: string, repeats: readonly string[]): string {
    const numbers = this.near(repeats, ['int']);
    if (numbers.length === 0 || this.chance.happens(0.3)) return String(this.chance.below(4));
    return this.reference(path, this.chance.of(numbers));
  }

  // ---- controls

  private fixed(kind: Kind): string {
    return this.chance.of(answersFor(kind).filter((answer) => answer !== ''));
  }

  /** A default that is calculated, at the beginning and in every new instance. */
  private firstActions(path: string, kind: Kind, repeats: readonly string[]): string[] {
    if (!this.chance.happens(0.12)) return [];
    const near = this.near(repeats, [kind]);
    const value =
      near.length > 0 ? this.reference(path, this.chance.of(near)) : `'${this.fixed(kind)}'`;
    const event =
      repeats.length > 0 ? 'odk-instance-first-load odk-new-repeat' : 'odk-instance-first-load';
    return [`<setvalue event="${event}" ref="${path}" value="${escaped(value)}"/>`];
  }

  /** A question that is filled when this one changes: an earlier one, without rules of its own to fill it. */
  private trigger(path: string, repeats: readonly string[]): string {
    if (!this.chance.happens(0.1)) return '';
    const same = this.made.filter(
      (one) => one.repeats.join() === repeats.join() && one.kind === 'string',
    );
    if (same.length === 0) return '';
    const target = this.chance.of(same);
    const value = this.chance.of([`concat('set ', ${relative(target.path, path)})`, "'set'"]);
    return `<setvalue event="xforms-value-changed" ref="${target.path}" value="${escaped(value)}"/>`;
  }

  private control(
    name: string,
    path: string,
    kind: Kind,
    repeats: readonly string[],
    trigger: string,
  ): string {
    const near = this.near(repeats);
    const said =
      near.length > 0 && this.chance.happens(0.2)
        ? `${name} <output value="${escaped(this.reference(path, this.chance.of(near)))}"/>`
        : name;
    const label = `<label>${said}</label>`;
    if (kind !== 'select1' && kind !== 'select')
      return `<input ref="${path}">${label}${trigger}</input>`;
    const filters = this.near(repeats, ['select1']);
    const filter =
      filters.length > 0 && this.chance.happens(0.4)
        ? `[kind = ${this.reference(path, this.chance.of(filters)).replace(/^\.\./, 'current()/..')}]`
        : '';
    return `<${kind} ref="${path}">${label}<itemset nodeset="instance('codes')/root/item${escaped(filter)}"><value ref="name"/><label ref="label"/></itemset>${trigger}</${kind}>`;
  }
}

const joined = (all: readonly Parts[]): Parts => ({
  instance: all.map(({ instance }) => instance).join(''),
  template: all.map(({ template }) => template).join(''),
  binds: all.flatMap(({ binds }) => binds),
  body: all.map(({ body }) => body).join('\n'),
  actions: all.flatMap(({ actions }) => actions),
});

function bind(path: string, rules: Record<string, string>): string {
  const written = Object.entries(rules).filter(([, rule]) => rule !== '');
  if (written.length === 0) return '';
  return `<bind nodeset="${path}" ${written.map(([key, rule]) => `${key}="${escaped(rule)}"`).join(' ')}/>`;
}

const innermost = (repeats: readonly string[]): string => repeats[repeats.length - 1] ?? '';

const depthWithin = (path: string, repeats: readonly string[]): number =>
  path.split('/').length - innermost(repeats).split('/').length;

/** `/data/r/a` from `/data/r/b` is `../a`. */
export function relative(from: string, to: string): string {
  const [a, b] = [from.split('/'), to.split('/')];
  let shared = 0;
  while (shared < a.length - 1 && shared < b.length && a[shared] === b[shared]) shared += 1;
  return [...Array(a.length - shared).fill('..'), ...b.slice(shared)].join('/');
}

/** Answers worth giving to a kind of question; blank clears it. */
export function answersFor(kind: string): readonly string[] {
  const answers: Record<string, readonly string[]> = {
    string: ['', 'a', 'abc', '张小梅', 'two words', '12', 'longer text'],
    int: ['', '0', '1', '2', '3', '7', '-1', '60'],
    decimal: ['', '0.5', '1.5', '2.25', '-0.5', '49.9', '100.25'],
    date: ['', '2026-03-29', '2026-11-01', '2026-11-02', '2026-11-03', '2024-02-29', '1968-01-31'],
    time: ['', '09:30:00.000', '23:59:00.000'],
    dateTime: ['', '2026-11-02T09:00:00.000+00:00', '2024-02-29T23:30:00.000+00:00'],
    geopoint: ['', '35.1 117.2 0 0', '-1.25 36.75 1600 5'],
    geotrace: ['', '35.1 117.2 0 0; 35.2 117.3 0 0'],
    geoshape: ['', '35.1 117.2 0 0; 35.2 117.3 0 0; 35.2 117.2 0 0; 35.1 117.2 0 0'],
    boolean: ['', 'true', 'false'],
    trigger: ['', 'OK'],
    select1: ['', 'a', 'b', 'c', 'd', 'e', 'f'],
    select: ['', 'a', 'a b', 'b c d', 'f', 'c a', 'a b c d e f'],
  };
  return answers[kind] ?? answers.string ?? [];
}
