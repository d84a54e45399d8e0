/** A form session as Vue sees it: one subscription, and a shallow ref for each node on screen. */
import { type InjectionKey, inject, type ShallowRef, shallowRef } from 'vue';
import type {
  ConsentKeeping,
  FormDefinition,
  FormSession,
  NodeView,
  Registry,
  Scope,
} from '@/protocol/types';
import type { KnownType } from '../words';
import type { SaveTarget } from './conflict';
import type { IdleQueue } from './idle';

export interface FormStore {
  readonly session: FormSession;
  /** The node at `path`, replaced whenever the session says that its view changed. */
  node(path: string): ShallowRef<NodeView>;
  set(path: string, value: string): void;
  add(repeat: string): string;
  remove(instance: string): void;
  stop(): void;
}

/** `onChange`: something looks different; `onAnswer`: a person did something to the question or instance at a path. */
export function createFormStore(
  session: FormSession,
  onChange: () => void,
  onAnswer: (what: 'set' | 'add' | 'remove', path: string) => void,
): FormStore {
  const refs = new Map<string, ShallowRef<NodeView>>();
  const copy = (path: string) => face(session.view(path));
  const stop = session.subscribe((changed) => {
    for (const path of changed) {
      const node = refs.get(path);
      if (!node) continue;
      if (exists(session, path)) node.value = copy(path);
      else refs.delete(path);
    }
    onChange();
  });
  return {
    session,
    node(path) {
      let node = refs.get(path);
      if (!node) {
        node = shallowRef(copy(path));
        refs.set(path, node);
      }
      return node;
    },
    set(path, value) {
      session.set(path, value);
      onAnswer('set', path);
    },
    add(repeat) {
      const path = session.addRepeat(repeat);
      onAnswer('add', path);
      return path;
    },
    remove(instance) {
      session.removeRepeat(instance);
      onAnswer('remove', instance);
    },
    stop,
  };
}

/**
 * A new object for Vue to see, as the session keeps its views in place. Its options stay those of the view, which works
 * them out when they are first asked for.
 */
function face(view: NodeView): NodeView {
  return Object.defineProperty({ ...view }, 'options', { get: () => view.options });
}

/** An instance of a repeat can go while its row is still on screen. */
function exists(session: FormSession, path: string): boolean {
  try {
    return session.view(path) !== undefined;
  } catch {
    return false;
  }
}

/** What the questions of an open form share. */
export interface FormContext {
  store: FormStore;
  def: FormDefinition;
  scope: Scope;
  registry: Registry;
  /** How the scope keeps consents, if it does. */
  keeping: ConsentKeeping | undefined;
  type(id: string): KnownType | undefined;
  /** What each question's answer is saved to, by node number. */
  targets: ReadonlyMap<number, SaveTarget>;
  /** The reviewer's notes by path, for a visit that came back. */
  notes: ReadonlyMap<string, string[]>;
  /** Set to the path of a question to bring it into view, opening what hides it. */
  focused: ShallowRef<{ path: string } | null>;
  /** Photos, drawings, recordings and files of this draft; `put` gives the name to answer with. */
  files: {
    put(bytes: Uint8Array, type: string): Promise<string>;
    get(name: string): Promise<{ bytes: Uint8Array; type: string } | undefined>;
  };
  /** Does what isn't needed yet while nothing else is to be done. */
  later: IdleQueue;
  /** What is still on its way into an answer; each brings it there when called. Finishing waits for all. */
  unfinished: Set<() => Promise<unknown>>;
}

export const formKey: InjectionKey<FormContext> = Symbol('form');

export function useForm(): FormContext {
  const form = inject(formKey);
  if (!form) throw new Error('a question outside a form');
  return form;
}
