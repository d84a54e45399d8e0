/** A long list shown a part at a time, growing as its end comes into sight. */
import { computed, onBeforeUnmount, type Ref, ref, watch } from 'vue';

/** No row is lower: what a finger touches. */
const LOWEST_PX = 48;
const PART = 40;

export function useGrowing<T>(all: Readonly<Ref<readonly T[]>>) {
  // What fills the screen: with each key typed these are drawn anew.
  const first = Math.ceil(window.innerHeight / LOWEST_PX);
  const count = ref(first);
  watch(all, () => {
    count.value = first;
  });
  const shown = computed(() => all.value.slice(0, count.value));
  const more = computed(() => all.value.length > count.value);
  const grow = () => {
    count.value += PART;
  };
  const observer =
    typeof IntersectionObserver === 'undefined'
      ? null
      : new IntersectionObserver((entries) => {
          if (entries.some((entry) => entry.isIntersecting)) grow();
        });
  /** For the `ref` of the element after the list. */
  const atEnd = (element: unknown) => {
    observer?.disconnect();
    if (element instanceof Element) observer?.observe(element);
  };
  onBeforeUnmount(() => observer?.disconnect());
  return { shown, more, grow, atEnd };
}
