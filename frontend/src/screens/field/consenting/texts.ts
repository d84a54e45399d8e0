/** Texts of consent, loaded with the first screen that needs them. */
import { addMessages } from '@/i18n';

let texts: Promise<void> | undefined;

export function loadConsentTexts(): Promise<void> {
  texts ??= addMessages({
    'zh-CN': () => import('@/i18n/consent.zh'),
    en: () => import('@/i18n/consent.en'),
  });
  return texts;
}
