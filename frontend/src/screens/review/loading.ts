/** Loading something for a screen: what came, whether it is on its way, and what went wrong. */
import { type Ref, ref, shallowRef } from 'vue';
import { i18n } from '@/i18n';
import { ApiProblem } from './api';

export interface Loading<T> {
  data: Ref<T | null>;
  busy: Ref<boolean>;
  problem: Ref<string>;
  load: () => Promise<void>;
}

export function useLoading<T>(fetchIt: () => Promise<T>): Loading<T> {
  const data = shallowRef<T | null>(null) as Ref<T | null>;
  const busy = ref(false);
  const problem = ref('');
  let latest = 0;
  async function load(): Promise<void> {
    const mine = ++latest;
    busy.value = true;
    problem.value = '';
    try {
      const found = await fetchIt();
      // An answer to an older question must not replace that of a newer one.
      if (mine === latest) data.value = found;
    } catch (error) {
      if (mine === latest) problem.value = problemText(error);
    } finally {
      if (mine === latest) busy.value = false;
    }
  }
  return { data, busy, problem, load };
}

/** What to tell a person about an error: title and remedy, and the fields concerned. */
export function problemText(error: unknown): string {
  const { t } = i18n.global;
  if (!(error instanceof ApiProblem)) throw error;
  if (error.code === 'offline') return t('review.offline');
  const fields = error.fields.map((field) => `${field.path}: ${field.message}`).join('; ');
  return [error.title, error.detail, fields].filter(Boolean).join(' ');
}
