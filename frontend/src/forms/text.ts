/** Texts of a form in the user's language, with the values they mention filled in. */
import type { Expr, FormDefinition, Text } from '../protocol/types';
import { compile, type Frame } from './evaluate';
import { toText } from './values';

/** The text in a language, or in the first that has one; blank if none has. */
export function pick(texts: readonly Text[] | undefined, lang: number): Text {
  return texts?.[lang] ?? texts?.find((text) => text !== null) ?? '';
}

export function render(texts: readonly Text[] | undefined, lang: number, frame: Frame): string {
  const text = pick(texts, lang);
  if (text === null || typeof text === 'string') return text ?? '';
  return text.parts
    .map((part) => (typeof part === 'string' ? part : toText(compile(part)(frame))))
    .join('');
}

/** The expressions a text mentions, in any language. */
export function outputs(texts: readonly Text[] | undefined): Expr[] {
  return (texts ?? []).flatMap((text) =>
    text !== null && typeof text === 'object'
      ? text.parts.filter((part): part is Expr => typeof part !== 'string')
      : [],
  );
}

const words = new WeakMap<object, Expr[]>();

/** The expressions that the labels of one of the form's own lists mention. */
export function wordsOf(def: FormDefinition, list: string | undefined): Expr[] {
  const choices = list === undefined ? undefined : def.lists[list];
  if (!choices) return [];
  let found = words.get(choices);
  if (!found) {
    found = choices.flatMap(({ l }) => outputs(l));
    words.set(choices, found);
  }
  return found;
}

const DEFAULTS: Record<'zh' | 'en', Record<'required' | 'constraint' | 'type', string>> = {
  zh: { required: '此项必填', constraint: '此答案不符合要求', type: '格式不对，请重新填写' },
  en: {
    required: 'Please answer this question',
    constraint: 'This answer is not accepted',
    type: 'This is not a valid value, please enter it again',
  },
};

/** What to say where the form gives no message of its own. */
export function defaultMessage(kind: 'required' | 'constraint' | 'type', lang: string): string {
  return DEFAULTS[lang.startsWith('zh') ? 'zh' : 'en'][kind];
}
