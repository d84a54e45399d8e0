/** What the expressions of a form being filled may ask: its host's time and registry, its own lists and nodes. */
import type { FormDefinition, FormHost } from '../protocol/types';
import type { Choices } from './choices';
import { frameOf, type World } from './evaluate';
import type { Instance, Tree } from './tree';

export function makeWorld(
  def: FormDefinition,
  host: FormHost,
  choices: Choices,
  tree: () => Tree,
): World {
  const find: World['find'] = (list, prop, value, cur) => {
    if (!def.lists[list] && host.find) return host.find(list, prop, value);
    return world.items(list, cur).filter((item) => item[prop] === value);
  };
  const world: World = {
    today: () => host.today(),
    now: () => host.now(),
    uuid: () => host.uuid(),
    random: Math.random,
    items: (list, cur = null) => choices.items(list, frameOf(world, cur)) ?? host.items(list),
    find,
    nodes: (node, cur, held) => tree().nodes(node, cur, held),
    stored: (cur) => (cur as Instance | null)?.raw ?? '',
    choiceName: (node, value, cur) => choices.label(node, value, world, cur),
  };
  return world;
}

/** The value a preload gives a node at the beginning; blank for those that wait for the end. */
export function preload(kind: string, host: FormHost): string {
  const values: Record<string, () => string> = {
    uid: () => `uuid:${host.uuid()}`,
    start: () => host.now(),
    today: () => host.today(),
    deviceid: () => host.meta.deviceid,
    username: () => host.meta.username,
  };
  return values[kind]?.() ?? '';
}
