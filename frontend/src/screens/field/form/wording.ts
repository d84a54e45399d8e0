/** Words that stand on many questions, looked up once for all of them and not each time one is drawn. */
import { computed } from 'vue';
import { i18n } from '@/i18n';

export const formWords = computed(() => ({
  required: i18n.global.t('form.required'),
  clear: i18n.global.t('form.clear'),
}));
