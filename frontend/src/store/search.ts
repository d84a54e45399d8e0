/** What a search matches: parts of the text as typed, and the initials of its pinyin. Pure. */

/** The letters a character's pinyin may begin with; blank for what isn't Chinese. */
export type Initials = (char: string, first: boolean) => string;

export interface Hay {
  text: string;
  /** Initials of every run of Chinese, runs and readings separated by blanks. */
  initials: string;
}
export interface Needle {
  words: string[];
  /** Which of the words may be initials. */
  latin: boolean[];
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

export function needleOf(text: string): Needle {
  const words = fold(text).split(/\s+/).filter(Boolean);
  return { words, latin: words.map((word) => /^[a-z]+$/.test(word)) };
}

export function hayOf(texts: readonly string[], initials: Initials | null): Hay {
  const text = fold(texts.join('\n'));
  return { text, initials: initials ? ` ${initialsOf(text, initials).join(' ')}` : '' };
}

/** Where the worst word matches best: 0 the title's beginning, 1 initials' beginning, 2 anywhere; null nowhere. */
export function best(needle: Needle, hay: Hay): number | null {
  let worst = 0;
  for (let at = 0; at < needle.words.length; at += 1) {
    const rank = rankOf(needle.words[at] as string, needle.latin[at] === true, hay);
    if (rank === null) return null;
    worst = Math.max(worst, rank);
  }
  return worst;
}

function rankOf(word: string, latin: boolean, hay: Hay): number | null {
  const at = hay.text.indexOf(word);
  if (at === 0) return 0;
  if (!latin) return at > 0 ? 2 : null;
  if (hay.initials.includes(` ${word}`)) return 1;
  return at > 0 || hay.initials.includes(word) ? 2 : null;
}

/** A run whose first character is a surname read in a way of its own is listed in both readings. */
function initialsOf(text: string, initials: Initials): string[] {
  return text
    .split(/[^\u3400-\u9fff]+/)
    .filter(Boolean)
    .flatMap((run) => {
      const [head = '', ...tail] = [...run];
      const rest = tail.map((char) => initials(char, false).slice(0, 1)).join('');
      return [...initials(head, true)].map((letter) => letter + rest);
    });
}
