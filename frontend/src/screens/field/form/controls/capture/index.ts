/** The controls that take something with the phone's senses, and their texts: loaded when a form first asks. */
import { type Component, defineAsyncComponent } from 'vue';
import { addMessages } from '@/i18n';
import { screenMissing } from '@/ui/update';

let texts: Promise<void> | undefined;

function once(): Promise<void> {
  texts ??= addMessages({
    'zh-CN': () => import('@/i18n/capture.zh'),
    en: () => import('@/i18n/capture.en'),
  });
  return texts;
}

/** A control with the texts of its kind. */
function lazily(load: () => Promise<{ default: Component }>): Component {
  return defineAsyncComponent({
    loader: async () => {
      const [control] = await Promise.all([load(), once()]);
      return control.default;
    },
    delay: 0,
    onError(_error, _retry, fail) {
      texts = undefined;
      screenMissing.value = true;
      fail();
    },
  });
}

export const PhotoControl = lazily(() => import('./PhotoControl.vue'));
export const DrawingControl = lazily(() => import('./DrawingControl.vue'));
export const SoundControl = lazily(() => import('./SoundControl.vue'));
export const FileControl = lazily(() => import('./FileControl.vue'));
export const TraceControl = lazily(() => import('./TraceControl.vue'));
export const BearingControl = lazily(() => import('./BearingControl.vue'));
