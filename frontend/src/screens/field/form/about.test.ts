import { expect, test } from 'vitest';
import { createSession } from '@/forms/session';
import type { EntityView, Program, Registry } from '@/protocol/types';
import { contract, form } from '../../../../tests/forms/contract';
import { makeHost, VILLAGE } from '../../../../tests/forms/host';
import { aboutOf } from './about';
import { recognisedBy, rowsOf } from './rows';

const programs = contract<Program[]>('forms/programs');
const standsAlone = (type: string) => !programs.find((it) => it.types[type])?.types[type]?.root;
const registry = (known: Partial<EntityView>[] = []) =>
  ({ get: (id: string) => known.find((it) => it.id === id) }) as Registry;

function begun(id: string, answers: Record<string, string>) {
  const session = createSession(form(id), makeHost());
  for (const [path, value] of Object.entries(answers)) session.set(path, value);
  return session;
}

const NEW_FLAT = { 'g_visit/met': 'met', 'g_dw/g_place/dw_known': '0' };

test('a visit that registers a flat is titled with its address, never with a date', () => {
  const about = (answers: Record<string, string>) =>
    aboutOf(form('rental_register'), begun('rental_register', answers), registry(), standsAlone);
  expect(about({ ...NEW_FLAT, 'g_visit/visit_date': '2026-11-02' }).title).toBe('');
  expect(about({ ...NEW_FLAT, 'g_dw/g_place/unit_no': '3单元402室' }).title).toBe('3单元402室');
  expect(
    about({
      ...NEW_FLAT,
      'g_dw/g_place/area_code': VILLAGE,
      'g_dw/g_place/unit_no': '3单元402室',
      'g_dw/g_place/address': '柳林路88号',
    }),
  ).toEqual({ title: '柳林路88号 3单元402室', area: VILLAGE });
});

test('a pregnancy visit begun without a client has no title of its own', () => {
  const session = begun('preg_followup', { 'g_visit/visit_mode': 'home' });
  expect(aboutOf(form('preg_followup'), session, registry(), standsAlone).title).toBe('');
});

test('a folded card of a resident is recognised by the name, not by yes and no', () => {
  const session = begun('rental_register', NEW_FLAT);
  const path = session.addRepeat('residents');
  const summary = () =>
    recognisedBy(
      rowsOf(session.view(path)),
      (row) => session.view(row),
      () => undefined,
    );
  session.set(`${path}/r_consent`, '1');
  session.set(`${path}/r_known`, '0');
  expect(summary()).toBe('是 · 否');
  session.set(`${path}/r_name`, '孙志强');
  expect(summary()).toBe('孙志强');
});
