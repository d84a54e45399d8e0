/** A form session as Vue sees it: one subscription, and for each node on screen a view that Vue follows. */
import { type InjectionKey, inject, type ShallowRef, shallowReactive, shallowRef } from 'vue';
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
  /** The node at `path`, kept up to date: whoever reads it hears of what it read, and of nothing else. */
  node(path: string): NodeView;
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
  const faces = new Map<string, Face>();
  const stop = session.subscribe((changed) => {
    for (const path of changed) {
      const face = faces.get(path);
      if (!face) continue;
      if (exists(session, path)) face.follow(session.view(path));
      else faces.delete(path);
    }
    onChange();
  });
  return {
    session,
    node(path) {
      let face = faces.get(path);
      if (!face) {
        face = faceOf(session.view(path));
        faces.set(path, face);
      }
      return face.view;
    },
    set(path, value) {
      // On screen it stands already; where the session makes something else of it, that is then news.
      faces.get(path)?.stands(value);
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

interface Face {
  readonly view: NodeView;
  /** The session says that its view changed. */
  follow(view: NodeView): void;
  /** What a person wrote or chose. */
  stands(value: string): void;
}

const same = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((it, at) => it === b[at]);

/**
 * A copy for Vue to follow, property by property, as the session keeps its views in place. Its options stay those of the
 * view, which works them out when they are first asked for.
 */
function faceOf(first: NodeView): Face {
  let now = first;
  let offered: NodeView['options'];
  const others = shallowRef(0);
  const copy: NodeView = { ...first, children: [...first.children] };
  Object.defineProperty(copy, 'options', {
    get() {
      void others.value;
      offered = now.options;
      return offered;
    },
  });
  const view = shallowReactive(copy);
  return {
    view,
    follow(next) {
      now = next;
      const { children, ...said } = next;
      for (const key of Object.keys(said) as (keyof typeof said)[]) {
        if (copy[key] !== said[key]) Object.assign(view, { [key]: said[key] });
      }
      if (!same(copy.children, children)) view.children = [...children];
      if (offered && offered !== now.options) others.value += 1;
    },
    stands(value) {
      view.value = value;
    },
  };
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
