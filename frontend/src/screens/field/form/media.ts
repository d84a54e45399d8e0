/** Which pictures and sounds go with a question or a choice, in the language of the form. */
import { contentLang } from '@/i18n';
import type { FormDefinition, FormFile } from '@/protocol/types';

export type MediaKind = 'image' | 'audio' | 'video';
export interface MediaItem {
  kind: MediaKind;
  file: FormFile;
}

const KINDS: Record<string, MediaKind> = { image: 'image', audio: 'audio', video: 'video' };

/** What stands with the label of a node. A large picture takes the place of the small one. */
export function mediaOfNode(def: FormDefinition, node: number): MediaItem[] {
  return items(def, def.nodes[node]?.media);
}

/** Whether a question chooses among the records of the registry, rather than from a list of the form. */
export function choosesRecord(def: FormDefinition, node: number): boolean {
  const list = def.nodes[node]?.items?.inst;
  return list !== undefined && !(list in (def.attached ?? {}));
}

/** By the choice's code; empty for lists that have none. */
export function mediaOfChoices(def: FormDefinition, node: number): Map<string, MediaItem[]> {
  const list = def.lists[def.nodes[node]?.items?.list ?? ''] ?? [];
  return new Map(list.filter(({ m }) => m).map(({ v, m }) => [v, items(def, m)]));
}

function items(def: FormDefinition, names: Record<string, string[]> | undefined): MediaItem[] {
  if (!names || !def.files) return [];
  const lang = Math.max(0, def.langs.indexOf(contentLang()));
  const shown = { ...names, ...(names['big-image'] ? { image: names['big-image'] } : {}) };
  return Object.entries(shown).flatMap(([key, inLanguages]) => {
    const kind = KINDS[key];
    const file = def.files?.[inLanguages[lang] || inLanguages.find(Boolean) || ''];
    return kind && file ? [{ kind, file }] : [];
  });
}
