/** How many of a long list stand on screen: some at once, the others while nothing else is to be done. */
import { onScopeDispose, type Ref, ref } from 'vue';
import { idleWork } from './idle';

export interface Gradually {
  count: Ref<number>;
  /** Begins with so many. */
  begin(first: number): void;
  /** At least so many at once. */
  reach(count: number): void;
}

/** `total`: how many there are; `step`: how many come at a time. */
export function useGradually(total: () => number, step = 1): Gradually {
  const count = ref(0);
  const grow = idleWork(() => {
    count.value += step;
    if (count.value < total()) grow.ask();
  });
  onScopeDispose(grow.stop);
  return {
    count,
    begin(first) {
      count.value = first;
      grow.ask();
    },
    reach(wanted) {
      count.value = Math.max(count.value, wanted);
    },
  };
}
