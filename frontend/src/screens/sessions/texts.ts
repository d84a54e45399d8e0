/** Texts of these screens, loaded the first time one is opened. */
import { addMessages } from '@/i18n';

let texts: Promise<void> | undefined;

export function loadTexts(): Promise<void> {
  texts ??= addMessages({
    'zh-CN': () => import('@/i18n/sessions.zh'),
    en: () => import('@/i18n/sessions.en'),
  });
  return texts;
}
