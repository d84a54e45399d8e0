/** Which screen of a form is shown, skipping those on which nothing is asked now. */
import { computed, nextTick, onScopeDispose, type Ref, ref, shallowRef } from 'vue';
import type { FormSession } from '@/protocol/types';
import { type Row, screenShows, screensOf, screenWith } from './rows';

export interface Screens {
  rows: Ref<Row[]>;
  /** Position among the screens that are asked now, from 1. */
  number: Ref<number>;
  total: Ref<number>;
  hasNext: Ref<boolean>;
  hasPrevious: Ref<boolean>;
  move(by: 1 | -1): void;
  /** Turns to the screen on which `path` is asked. */
  show(path: string): void;
}

export function useScreens(session: FormSession): Screens {
  const all = screensOf(session.tree);
  const asked = () =>
    all.flatMap((rows, at) => (screenShows(rows, (path) => session.view(path)) ? [at] : []));
  const visible = shallowRef(asked());
  const at = ref(visible.value[0] ?? 0);
  onScopeDispose(
    session.subscribe(() => {
      const next = asked();
      if (next.join() !== visible.value.join()) visible.value = next;
    }),
  );

  const position = computed(() => visible.value.filter((screen) => screen <= at.value).length);
  const next = computed(() => visible.value.find((screen) => screen > at.value));
  const previous = computed(() => visible.value.filter((screen) => screen < at.value).pop());

  return {
    rows: computed(() => all[at.value] ?? []),
    number: position,
    total: computed(() => visible.value.length),
    hasNext: computed(() => next.value !== undefined),
    hasPrevious: computed(() => previous.value !== undefined),
    move(by) {
      const to = by > 0 ? next.value : previous.value;
      if (to === undefined) return;
      at.value = to;
      void nextTick(() => {
        window.scrollTo(0, 0);
        document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
      });
    },
    show(path) {
      at.value = screenWith(all, path);
    },
  };
}
