/** Codes, properties and types as words of the language on screen. Knows programs only as data. */
import { contentLang, pick } from '@/i18n';
import type {
  Area,
  Catalogue,
  EntityView,
  Program,
  RegisterValue,
  Scope,
  TypeDef,
} from '@/protocol/types';
import { dayText } from '@/ui/dates';

export interface KnownType {
  id: string;
  def: TypeDef;
  program: Program;
}

/** The types of a scope, in the order of the programs. */
export function typesOf(catalogue: Catalogue, scope: Scope): KnownType[] {
  return catalogue.programs
    .filter((program) => program.scope === scope)
    .flatMap((program) => Object.entries(program.types).map(([id, def]) => ({ id, def, program })));
}

export function typeOf(catalogue: Catalogue, scope: Scope, type: string): KnownType | undefined {
  return typesOf(catalogue, scope).find((known) => known.id === type);
}

export function typeLabel(catalogue: Catalogue, entity: EntityView, scope: Scope): string {
  return pick(typeOf(catalogue, scope, entity.type)?.def.label) || entity.type;
}

/** `1 3` → 是、…: each code of a choice list as its word; a code the list doesn't have stays as it is. */
export function choiceWords(program: Program, list: string, value: string): string {
  const words = program.lists[list] ?? {};
  const at = contentLang() === 'en' ? 1 : 0;
  const word = (code: string) => words[code]?.[at] ?? words[code]?.[0] ?? code;
  if (value in words) return word(value);
  return value
    .split(' ')
    .map(word)
    .join(contentLang() === 'en' ? ', ' : '、');
}

export function propWords(known: KnownType, prop: string, value: string): string {
  const list = known.def.props[prop]?.list;
  return list ? choiceWords(known.program, list, value) : dayText(value);
}

/** What this person isn't to see has no words: an identity number, even one just typed and not yet sent. */
export function isShown(known: KnownType, prop: string): boolean {
  return pick(known.def.props[prop]?.label) !== '';
}

export function propLabel(known: KnownType, prop: string): string {
  return pick(known.def.props[prop]?.label) || prop;
}

/** A register's value in words: a merge group reads as label and value of each of its properties. */
export function registerWords(known: KnownType, register: string, value: RegisterValue): string {
  if (value === null) return '—';
  if (typeof value === 'string') return propWords(known, register, value);
  return Object.entries(value)
    .filter(([prop]) => isShown(known, prop))
    .map(([prop, part]) => `${propLabel(known, prop)} ${propWords(known, prop, part)}`)
    .join(contentLang() === 'en' ? '; ' : '；');
}

/** What a register is called: its property, or the properties of its merge group. */
export function registerLabel(known: KnownType, register: string): string {
  if (known.def.props[register]) return pick(known.def.props[register].label);
  const members = Object.keys(known.def.props).filter(
    (prop) => known.def.props[prop]?.group === register && isShown(known, prop),
  );
  return members.map((prop) => propLabel(known, prop)).join(contentLang() === 'en' ? ', ' : '、');
}

/** The register a property lives in: itself, or its merge group. */
export function registerOf(known: KnownType, prop: string): string {
  return known.def.props[prop]?.group ?? prop;
}

export function areaName(areas: readonly Area[], code: string): string {
  return areas.find((area) => area.code === code)?.name ?? code;
}
