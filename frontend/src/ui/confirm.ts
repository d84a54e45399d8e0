/** Asks a person to confirm something that can't be undone. */
import { shallowRef } from 'vue';

export interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
}
interface Asked extends Question {
  answer: (yes: boolean) => void;
}

/** The question on screen; `ConfirmSheet` shows it. */
export const asked = shallowRef<Asked | null>(null);

/** True when the person says yes; closing counts as no. */
export function confirmed(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}
