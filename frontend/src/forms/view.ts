/** What screens see of one instance: a stable object, kept up to date in place. */
import type { NodeView, Option } from '../protocol/types';
import type { Instance } from './tree';

/** A NodeView that its session may change. */
export type View = { -readonly [K in keyof NodeView]: NodeView[K] };

/**
 * `options` are asked for when first looked at: a registry list can be long and its question never seen. So that copying
 * a view is no such look, they aren't enumerable.
 */
export function makeView(item: Instance, options: () => Option[] | undefined): View {
  const { c, t, ap } = item.def;
  const view: View = {
    path: item.path,
    node: item.node,
    kind: item.kind,
    ...(c === undefined ? {} : { control: c }),
    ...(t === undefined ? {} : { type: t }),
    ...(ap === undefined ? {} : { appearance: ap }),
    relevant: true,
    required: false,
    readonly: false,
    label: '',
    hint: '',
    guidance: '',
    value: '',
    problem: undefined,
    prefilled: false,
    touched: false,
    kept: false,
    children: [],
  };
  return Object.defineProperty(view, 'options', { get: options });
}
