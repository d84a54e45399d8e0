/**
 * What a screen shows, kept apart from its address: an address ends in a word without meaning, which only this page knows.
 * So a browser's history, the list of apps and a glance at the address bar learn the kind of screen and nothing else. With
 * each entry of the tab's history lies what its word stands for, sealed by the phone's key: a page that was reloaded, or
 * killed behind the camera, finds itself again once the phone is open.
 */
import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router';
import { newId, random } from '@/crypto/bytes';
import type { Client, Scope } from '@/protocol/types';

/** How a visit begins, or which one goes on. `take`: the consent of `record` is to be asked. */
export interface Visit {
  draft?: string;
  form?: string;
  record?: string;
  take?: string;
  corrects?: string;
}
type Shown = Readonly<Record<string, string>>;
type To = Pick<RouteLocationNormalized, 'name' | 'params' | 'fullPath'>;
type Arrival = true | RouteLocationRaw;
type Keeper = Pick<Client, 'conceal' | 'reveal'>;

export const PLACE = ':place([a-z]{12})';
const LETTERS = 12;
const shownAt = new Map<string, Shown>();
const words = new Map<string, string>();

export const recordRoute = (scope: Scope, id: string) => routeTo('record', { scope, id });
/** Without `draft` a door to new visits: whoever goes through it begins one. */
export const visitRoute = (visit: Visit) => routeTo('form', { ...visit });
export const savedRoute = (form: string) => routeTo('saved', { form });

/** What the screen at this address shows, as its props. */
export const shownIn = ({ params }: Pick<To, 'params'>): Shown => shownAt.get(wordOf(params)) ?? {};

/** Where whoever wants to go to `to` arrives: there, or at today's page if nobody knows any more what it showed. */
export function arrival(to: To, keeper: Keeper): Arrival | Promise<Arrival> {
  const word = wordOf(to.params);
  const shown = shownAt.get(word);
  if (!word || shown) return begun(to, shown);
  return recovered(word, keeper).then((found) => (found ? begun(to, found) : { name: 'today' }));
}

/** Seals what the screen shows into its entry of the history; an entry that shows nothing loses what lay there. */
export async function remember(to: To, keeper: Keeper): Promise<void> {
  // Before the PIN nothing can be sealed, and what lies there is what it leads back to.
  if (to.name === 'unlock') return;
  const word = wordOf(to.params);
  const sealed = word && (await keeper.conceal(JSON.stringify([word, shownAt.get(word)])));
  const entry = history.state as { current?: string; shown?: string } | null;
  if (entry?.current !== to.fullPath || (entry.shown ?? '') === sealed) return;
  history.replaceState({ ...entry, shown: sealed }, '');
}

/** The phone is nobody's: no address leads anywhere. */
export function forgetPlaces(): void {
  shownAt.clear();
  words.clear();
}

function routeTo(name: string, shown: Record<string, string>) {
  const key = JSON.stringify([name, Object.entries(shown).sort()]);
  const word = words.get(key) ?? newWord();
  if (!words.has(key)) {
    words.set(key, word);
    shownAt.set(word, shown);
  }
  return { name, params: { place: word } };
}

/** Letters alone, so that no number can be seen in it. */
function newWord(): string {
  return Array.from(random(LETTERS), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

function wordOf({ place }: To['params']): string {
  return typeof place === 'string' ? place : '';
}

/** The same link begins another visit each time. */
function begun(to: Pick<To, 'name'>, shown?: Shown): Arrival {
  return to.name !== 'form' || shown?.draft ? true : visitRoute({ ...shown, draft: newId() });
}

async function recovered(word: string, keeper: Keeper): Promise<Shown | undefined> {
  const { shown: sealed } = (history.state ?? {}) as { shown?: string };
  const text = sealed ? await keeper.reveal(sealed).catch(() => null) : null;
  const [known, shown] = text ? (JSON.parse(text) as [string, Shown]) : [];
  if (known !== word || !shown) return undefined;
  shownAt.set(word, shown);
  return shown;
}
