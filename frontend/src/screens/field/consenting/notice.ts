/** The notice that is read out: its steps, and which of its two wordings fits. */
import { isChild } from '@/forms/consent';
import type { Notice } from '@/protocol/types';

/** The clinic that somebody may agree to be referred to; no name: none serves her village. */
export interface Clinic {
  name: string;
  phone: string;
}
const NOBODY: Clinic = { name: '', phone: '' };

/**
 * The notice of a version as steps to be read out; the newest where the version isn't on this phone. A paragraph about
 * the clinic names it, and is left out where there is none.
 */
export function noticeSteps(
  notices: readonly Notice[],
  version: string,
  lang: string,
  kind: 'full' | 'simple',
  clinic: Clinic = NOBODY,
): { title: string; paragraphs: string[] }[] {
  const notice = notices.find((it) => it.version === version) ?? notices[notices.length - 1];
  const text = (notice?.texts[lang] ?? notice?.texts.zh)?.[kind] ?? '';
  return text
    .split(/^## /m)
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const [title = '', ...rest] = part.split('\n');
      const paragraphs = rest
        .join('\n')
        .split(/\n\s*\n/)
        .map((it) => it.trim())
        .filter((it) => clinic.name || !it.includes('{clinic}'))
        .map((it) => it.replaceAll('{clinic}', clinic.name).replaceAll('{phone}', clinic.phone));
      return { title: title.trim(), paragraphs: paragraphs.filter(Boolean) };
    });
}

const GROWN_UP = 18;

/** Whether the simple notice is the right one: 14 to 17. */
export function isYoung(born: string, today: string): boolean {
  if (!/^\d{4}-/.test(born) || isChild(born, today)) return false;
  return today < `${Number(born.slice(0, 4)) + GROWN_UP}${born.slice(4)}`;
}
