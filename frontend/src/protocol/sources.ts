/**
 * Which questions a derived write came from, and what the worker did with them: walks a finished visit's answers along
 * the form's entity bindings. Pure.
 */
import type { Answers, AnswerValue, FormDefinition, FormNode, Program } from './types';

/** What the form shows about one register of one entity. */
export interface Source {
  /** Some question with a control of its own, not a calculation, feeds it: the worker was asked. */
  asked: boolean;
  /** Some of these questions came filled from the registry: the worker saw the value. */
  shown: boolean;
  /** The worker answered one of them. */
  touched: boolean;
}

export interface Finished {
  def: FormDefinition;
  answers: Answers;
  touched: ReadonlySet<string>;
  shown: ReadonlySet<string>;
}

export type Sources = ReadonlyMap<string, Source>;
export const registerKey = (entity: string, register: string): string => `${entity}|${register}`;

/** One place in the answers: path as in docs/form-definition.md, and the repeat position below each repeat node. */
interface Place {
  path: string;
  repeats: ReadonlyMap<number, number>;
  value: AnswerValue;
}

/** Sources by `registerKey`; writes of derive rules have none. */
export function sourcesOf(form: Finished, programs: readonly Program[]): Sources {
  const { def } = form;
  const found = new Map<string, Source>();
  const types = programs.filter((p) => p.scope === def.scope).map((p) => p.types);
  for (const block of def.entities) {
    const type = types.find((t) => t[block.list])?.[block.list];
    for (const [node, prop] of block.saves) {
      const register = type?.props[prop]?.group ?? prop;
      for (const [id, path] of pairs(form, childNamed(def, block.node, '@id'), node)) {
        note(found, registerKey(id, register), form, node, path);
      }
    }
  }
  return found;
}

/** Every entity id with the paths of `node` that stand in the same repeat instances. */
function pairs(form: Finished, idNode: number, node: number): [id: string, path: string][] {
  const ids = placesOf(form.def, idNode, form.answers);
  const leaves = placesOf(form.def, node, form.answers);
  return ids.flatMap(({ value, repeats }) =>
    leaves
      .filter((leaf) => sameInstance(repeats, leaf.repeats))
      .map((leaf): [string, string] => [String(value), leaf.path]),
  );
}

function note(found: Map<string, Source>, key: string, form: Finished, node: number, path: string) {
  const before = found.get(key);
  const { c, calc } = form.def.nodes[node] ?? {};
  found.set(key, {
    asked: before?.asked || (c !== undefined && calc === undefined),
    shown: before?.shown || form.shown.has(path),
    touched: before?.touched || form.touched.has(path),
  });
}

function childNamed(def: FormDefinition, parent: number, name: string): number {
  return def.nodes.findIndex((node) => node.p === parent && node.n === name);
}

/** Repeats that both are in must be the same instance. */
function sameInstance(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return [...a].every(([repeat, position]) => (b.get(repeat) ?? position) === position);
}

/** Where node number `target` stands in the answers; not at all where it was left blank. */
function placesOf(def: FormDefinition, target: number, answers: Answers): Place[] {
  let places: Place[] = [{ path: '', repeats: new Map(), value: answers }];
  for (const [number, node] of chain(def, target)) {
    places = places.flatMap((place) => step(place, number, node));
  }
  return places;
}

/** The nodes from just below the root down to `target`. */
function chain(def: FormDefinition, target: number): [number, FormNode][] {
  const nodes: [number, FormNode][] = [];
  for (let at = target; at > 0; ) {
    const node = def.nodes[at];
    if (!node) break;
    nodes.unshift([at, node]);
    at = node.p;
  }
  return nodes;
}

function step(place: Place, number: number, node: FormNode): Place[] {
  if (typeof place.value === 'string' || Array.isArray(place.value)) return [];
  const value = place.value[node.n];
  if (value === undefined) return [];
  const path = place.path ? `${place.path}/${node.n}` : node.n;
  if (!Array.isArray(value)) return [{ path, repeats: place.repeats, value }];
  return value.map((instance, i) => ({
    path: `${path}[${i}]`,
    repeats: new Map([...place.repeats, [number, i]]),
    value: instance,
  }));
}
