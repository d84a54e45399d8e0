/** Keeps a draft on disk while it is being answered: never more than a moment behind, one write at a time. */
import { type Ref, ref } from 'vue';

export const DRAFT_DELAY_MS = 250;
export type DraftState = 'none' | 'saving' | 'saved' | 'failed';

export interface DraftSaver {
  state: Ref<DraftState>;
  /** Something changed. */
  touch(): void;
  /** Resolves when everything up to now is on disk, or the attempt has failed (see `state`). */
  flush(): Promise<void>;
  /** No further writes; resolves when the last one is done. */
  stop(): Promise<void>;
}

export function createDraftSaver(write: () => Promise<void>): DraftSaver {
  const state = ref<DraftState>('none');
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dirty = false;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  async function writeOnce(): Promise<void> {
    if (!dirty || stopped) return;
    dirty = false;
    state.value = 'saving';
    try {
      await write();
      state.value = dirty ? 'saving' : 'saved';
    } catch {
      dirty = true;
      state.value = 'failed';
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(writeOnce);
    return running;
  }

  return {
    state,
    touch() {
      dirty = true;
      // "Saved" is never shown beside an answer that isn't.
      if (state.value === 'saved') state.value = 'saving';
      // Not restarted by further changes: somebody who types on and on is saved all the same.
      timer ??= setTimeout(() => void flush(), DRAFT_DELAY_MS);
    },
    flush,
    stop() {
      clearTimeout(timer);
      stopped = true;
      return running;
    },
  };
}
