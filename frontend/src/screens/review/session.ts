/** Who sits at the desk, and how much waits for them. */
import { computed, shallowRef, watchEffect } from 'vue';
import { atDesk } from '@/ui/watermark';
import { ApiProblem, get, type Me, post, remove, type Summary, whenLoggedOut } from './api';

export const me = shallowRef<Me | null>(null);
export const summary = shallowRef<Summary | null>(null);
/** Of which form the queue shows visits; blank: of all. */
export const formInView = shallowRef('');
export const overseesAny = computed(() => (me.value?.oversees.length ?? 0) > 0);

watchEffect(() => {
  atDesk.value = me.value;
});
whenLoggedOut(() => {
  me.value = null;
});

/** Asks the server who is logged in; nobody is an answer too. */
export async function loadMe(): Promise<void> {
  try {
    me.value = await get<Me>('session');
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 401)) throw error;
  }
}

export async function logIn(username: string, password: string, code: string): Promise<void> {
  const wish = { username, password, ...(code ? { code } : {}) };
  me.value = await post<Me>('session', wish);
}

export async function logOut(): Promise<void> {
  await remove('session');
  me.value = null;
  formInView.value = '';
  summary.value = null;
}

/** Brings the counts of the tabs up to date; a failure leaves the old ones. */
export async function refreshSummary(): Promise<void> {
  if (!overseesAny.value) return;
  summary.value = await get<Summary>('review/summary').catch(() => summary.value);
}
