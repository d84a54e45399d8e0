/** Our browser runtime as a Filling. */
import { createSession } from '@/forms/session';
import type { Tree } from '@/forms/tree';
import type {
  Answers,
  FormDefinition,
  FormNode,
  FormSession,
  NodeView,
  RegistryItem,
} from '@/protocol/types';
import { makeHost } from '../forms/host';
import { type Filling, NOW, type Shown, type State, type Step, TODAY } from './filling';

export type Lists = Record<string, RegistryItem[]>;

/** Controls that no step here answers. */
const UNANSWERED = new Set(['note', 'upload']);

export class PhoneFilling implements Filling {
  readonly session: FormSession;
  private readonly nodes: readonly FormNode[];

  constructor(definition: FormDefinition, instances: Lists = {}) {
    this.nodes = definition.nodes;
    const items = (list: string): RegistryItem[] => instances[list] ?? [];
    const host = {
      ...makeHost({ today: TODAY }),
      now: () => NOW,
      items,
      find: (list: string, prop: string, value: string) =>
        items(list).filter((item) => item[prop] === value),
    };
    this.session = createSession(definition, host);
  }

  take(step: Step): void {
    if (step.do === 'set') this.session.set(step.path, step.value);
    else if (step.do === 'add') this.session.addRepeat(step.path);
    else this.session.removeRepeat(step.path);
  }

  state(): State {
    const problems = new Map(this.session.problems().map(({ path, kind }) => [path, kind]));
    const state: State = {};
    for (const view of within(this.session.tree)) {
      if (view.kind !== 'repeat') state[view.path] = shown(view, problems.get(view.path));
    }
    return state;
  }

  /** Questions that take an answer, and repeats whose instances the user may add and remove. */
  open(): { leaves: string[]; ranges: { path: string; size: number }[] } {
    const views = [...within(this.session.tree)].filter(({ relevant }) => relevant);
    const ranges = views.filter(
      ({ kind, node }) => kind === 'repeat' && !this.nodes[node]?.count && !this.nodes[node]?.fix,
    );
    return {
      leaves: views
        .filter(({ kind, control }) => kind === 'leaf' && control && !UNANSWERED.has(control))
        .map(({ path }) => path),
      ranges: ranges.map(({ path, children }) => ({ path, size: children.length })),
    };
  }

  async answers(): Promise<Answers> {
    if (this.session.problems().length === 0) return this.session.finish();
    // No session gives the answers of a form that isn't ready.
    const { engine } = this.session as unknown as { engine: { tree: Tree } };
    return engine.tree.answers(({ relevant, aside }) => relevant && !aside);
  }
}

function* within(view: NodeView): Generator<NodeView> {
  yield view;
  for (const child of view.children) yield* within(child);
}

function shown(view: NodeView, problem: Shown['problem']): Shown {
  return {
    relevant: view.relevant,
    // Of what nobody can write we don't keep whether anybody may.
    ...(view.control && view.control !== 'note'
      ? { readonly: view.readonly, required: view.required }
      : {}),
    ...(view.kind === 'leaf' ? { value: view.value } : {}),
    ...(problem ? { problem } : {}),
    ...(view.label ? { label: view.label } : {}),
    ...(view.options ? { offers: view.options.map(({ value }) => value) } : {}),
  };
}
