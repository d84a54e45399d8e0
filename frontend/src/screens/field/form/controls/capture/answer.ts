/** What the controls of photos, drawings, sounds and files share: keeping one, and work that finishing has to wait for. */
import { onScopeDispose, type Ref, ref, type ShallowRef, shallowRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { ClientError } from '@/protocol/types';
import { errorText } from '@/ui/client';
import { useForm } from '../../store';
import type { ControlProps } from '../props';
import { plainType } from './files';
import { Unreadable } from './unreadable';

export interface AnswerFile {
  /** While something is being made of what was taken. */
  busy: Ref<boolean>;
  /** What went wrong, in words. */
  error: Ref<string>;
  /** Puts the bytes into the phone's store, then answers with their name. */
  keep(bytes: Uint8Array, type: string): Promise<void>;
  clear(): void;
  /** Runs with `busy`, and makes finishing the visit wait; what it throws becomes `error`. */
  run(work: () => Promise<void>): Promise<void>;
}

export function useAnswerFile(props: ControlProps): AnswerFile {
  const { t } = useI18n();
  const form = useForm();
  const busy = ref(false);
  const error = ref('');
  function reason(problem: unknown): string {
    if (problem instanceof Unreadable) return t('capture.unreadable');
    return problem instanceof ClientError ? errorText(problem) : t('capture.notKept');
  }
  // Not by an event: the row may have gone by when a slow phone is done, to the next screen.
  const answer = (value: string) => form.store.set(props.view.path, value);
  return {
    busy,
    error,
    async keep(bytes, type) {
      answer(await form.files.put(bytes, plainType(type)));
    },
    clear: () => answer(''),
    async run(work) {
      busy.value = true;
      error.value = '';
      const done = work().catch((problem) => {
        error.value = reason(problem);
      });
      const wait = () => done;
      form.unfinished.add(wait);
      await done;
      form.unfinished.delete(wait);
      busy.value = false;
    },
  };
}

export interface KeptFile {
  /** For the page's own elements; gone with the component. */
  url: string;
  type: string;
  size: number;
}

/** The file of an answer: undefined while it is looked for, null if it isn't on this phone. */
export function useKeptFile(name: () => string): ShallowRef<KeptFile | null | undefined> {
  const { files } = useForm();
  const kept = shallowRef<KeptFile | null>();
  const drop = () => kept.value && URL.revokeObjectURL(kept.value.url);
  watch(
    name,
    async (wanted) => {
      const found = wanted ? await files.get(wanted).catch(() => undefined) : undefined;
      if (wanted !== name()) return;
      drop();
      kept.value = found ? shown(found) : null;
    },
    { immediate: true },
  );
  onScopeDispose(drop);
  return kept;
}

function shown({ bytes, type }: { bytes: Uint8Array; type: string }): KeptFile {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
  return { url: URL.createObjectURL(blob), type, size: bytes.length };
}
