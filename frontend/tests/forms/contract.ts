/** Reads the cases that the phone and the server share. */
import { readFileSync } from 'node:fs';
import type { FormDefinition } from '@/protocol/types';

const folder = new URL('../../../tests/contract/', import.meta.url);

export function contract<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T;
}

export const FORMS = [
  'consent_record',
  'preg_followup',
  'contra_followup',
  'rental_register',
] as const;

export const form = (id: string): FormDefinition => contract<FormDefinition>(`forms/${id}`);
