/** Texts in the reader's language: Chinese is always there, English and each screen family's texts load when needed. */
import { createI18n } from 'vue-i18n';
import { settings } from '@/ui/settings';
import zh from './field.zh';

export type Lang = 'zh-CN' | 'en';
export interface Messages {
  [key: string]: string | Messages;
}
type Loader = () => Promise<{ default: Messages }>;
export type MessageSource = Record<Lang, Loader>;

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh as Messages, en: {} as Messages },
  missingWarn: false,
  fallbackWarn: false,
});

const sources: MessageSource[] = [
  { 'zh-CN': async () => ({ default: zh }), en: () => import('./field.en') },
];
const loaded = new Set<Loader>();

async function load(source: MessageSource, lang: Lang): Promise<void> {
  const loader = source[lang];
  if (loaded.has(loader)) return;
  const messages = (await loader()).default;
  i18n.global.mergeLocaleMessage(lang, messages);
  loaded.add(loader);
}

/** Adds the texts of a lazily loaded part, in the language shown now and in every later one. */
export async function addMessages(source: MessageSource): Promise<void> {
  sources.push(source);
  await load(source, settings.lang);
}

/** Shows `lang` from now on and remembers it on this phone. */
export async function setLang(lang: Lang): Promise<void> {
  await showLang(lang);
  settings.lang = lang;
}

/** Shows `lang` in this window only. */
export async function showLang(lang: Lang): Promise<void> {
  await Promise.all(sources.map((source) => load(source, lang)));
  i18n.global.locale.value = lang;
  document.documentElement.lang = lang;
}

/** `zh` or `en`: how forms and programs name the language on screen. */
export function contentLang(): 'zh' | 'en' {
  return i18n.global.locale.value === 'en' ? 'en' : 'zh';
}

/** The text of a program's `{zh, en}` in the language on screen. */
export function pick(texts: Record<string, string> | undefined): string {
  return texts?.[contentLang()] ?? texts?.zh ?? '';
}

/** The title of a form, whose texts stand in the order of its languages. */
export function formTitle(form: { title: string[]; langs: string[] }): string {
  const at = form.langs.indexOf(contentLang());
  return form.title[at] ?? form.title[0] ?? '';
}

/** The text of `key`, or of `fallback` where the catalogue has no such key. */
export function textOr(key: string, fallback: string): string {
  const { t, te } = i18n.global;
  return te(key) || te(key, 'zh-CN') ? t(key) : t(fallback);
}
