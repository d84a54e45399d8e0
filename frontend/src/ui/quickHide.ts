/** Whether the screen is covered, because somebody came in. */
import { ref } from 'vue';

export const screenHidden = ref(false);

export function hideScreen(): void {
  screenHidden.value = true;
}
