/** What the cast does at the door, as answers by question. */
import type { Client } from '@/protocol/types';
import { LIULIN, visit } from './phone';

/** A first meeting: consent to pregnancy care, and who she is. */
export const consentOf = (name: string, phone: string, area = LIULIN): Record<string, string> => ({
  'g_start/known': '0',
  'g_start/lang_ok': '1',
  'g_consent/age14': '1',
  'g_consent/c_preg': '1',
  'g_consent/c_contra': '0',
  'g_consent/c_share': '0',
  'g_consent/c_msg': '0',
  'g_consent/c_method': 'oral',
  'g_consent/c_copy': '1',
  'g_person/n_name': name,
  'g_person/n_sex': '2',
  'g_person/n_dob': '1996-05-04',
  'g_person/n_phone': phone,
  'g_person/n_area': area,
});

/** Of a county that never was, with a right check digit. */
export const IDENTITY_NUMBER = '379901199005010012';

/** A let flat with one tenant, who showed a card. */
export const flatOf = (unit: string): Record<string, string> => ({
  'g_visit/vsrc': 'self',
  'g_visit/met': 'met',
  'g_visit/enter_ok': '0',
  'g_dw/g_place/dw_known': '0',
  'g_dw/g_place/area_code': LIULIN,
  'g_dw/g_place/grid': '第三网格',
  'g_dw/g_place/unit_no': unit,
  'g_dw/g_place/address': '柳林路88号',
  'g_dw/g_let/area_m2': '92',
  'g_dw/g_let/mode_let': 'share',
  'g_dw/g_let/occ_n': '1',
  'residents[0]/r_consent': '1',
  'residents[0]/r_known': '0',
  'residents[0]/r_name': '孙一',
  'residents[0]/r_sex': '1',
  'residents[0]/r_dob': '1990-05-01',
  'residents[0]/r_idtype': '01',
  'residents[0]/r_idno': IDENTITY_NUMBER,
  'residents[0]/r_home': '河南省示例县',
  'residents[0]/r_presence': '2',
  'residents[0]/r_arrive': '2026-01-10',
  'residents[0]/r_reason': '1',
  'residents[0]/r_lead': '1',
  'residents[0]/r_needs': 'none',
});

/** Only details of somebody known. */
export const detailsOf = (id: string, changed: Record<string, string>): Record<string, string> => ({
  'g_start/known': '1',
  'g_start/person_id': id,
  'g_start/what_for': 'data',
  ...changed,
});

export function register(client: Client, name: string, phone: string): Promise<string> {
  return visit(client, 'consent_record', consentOf(name, phone), { title: name });
}

export function changePhone(client: Client, id: string, phone: string): Promise<string> {
  return visit(client, 'consent_record', detailsOf(id, { 'g_person/n_phone': phone }));
}

export const clients = (client: Client) => client.registry('health').list('client');
export const phones = (client: Client, id: string) =>
  client
    .registry('health')
    .get(id)
    ?.live.phone?.map(({ v }) => v)
    .sort();
export const states = (client: Client) => client.outbox().map(({ state }) => state);
