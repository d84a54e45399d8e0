/**
 * Words in free text that we don't want to have: what is never collected, identity numbers, telephone numbers. A warning on
 * this phone only. The list is the one that refuses forms (fieldapp/forms/lint.py); cases: tests/contract/never.json.
 */
import list from '../../../fieldapp/forms/never.json';

export interface Found {
  kind: 'never' | 'id' | 'phone';
  /** As it was written, or as it reads once blanks are taken out. */
  word: string;
  /** What it would collect, of `never`. */
  why: { zh: string; en: string };
}

const SIMPLE = new Map(
  [...list.simplified.matchAll(/(.)(.)/gu)].map(([, from = '', to = '']) => [from, to]),
);
const NEVER = list.never.map(({ han, latin, zh, en }) => ({
  han: new RegExp(han, 'u'),
  latin: new RegExp(latin, 'u'),
  why: { zh, en },
}));
const BETWEEN = /[\s\u00ad\u200b-\u200f\u2060\ufeff·・•.\-_*/\\|~+]+/gu;
const ID = /(?:^|[^0-9])([1-9][0-9]{16}[0-9x])(?![0-9])/;
const PHONE = /(?:^|[^0-9])(1[3-9][0-9]{9})(?![0-9])/;

function bare(text: string): [han: string, latin: string] {
  const parted = text
    .normalize('NFKC')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  const han = [...parted.replace(BETWEEN, '')].map((one) => SIMPLE.get(one) ?? one).join('');
  return [han, parted.replace(/[^a-z0-9]+/g, ' ').trim()];
}

/** Each reason once, in the order of the list. */
export function careful(text: string): Found[] {
  const [han, latin] = bare(text);
  const found: Found[] = NEVER.flatMap((each) => {
    const [word] = each.han.exec(han) ?? each.latin.exec(latin) ?? [];
    return word === undefined ? [] : [{ kind: 'never' as const, word: word.trim(), why: each.why }];
  });
  const none = { zh: '', en: '' };
  const id = ID.exec(han)?.[1];
  if (id) found.push({ kind: 'id', word: id, why: none });
  const phone = PHONE.exec(han)?.[1];
  if (phone) found.push({ kind: 'phone', word: phone, why: none });
  return found;
}
