/** Who may be sent a reminder, and all that is in it. */
import { expect, it } from 'vitest';
import type { Client, EntityView, RegistryItem } from '@/protocol/types';
import { reminderFor } from './reminding';

const TODAY = '2026-11-02';
const YES = { scope: 'msg', status: 'given', notice_version: '2025-1', ends_on: '2028-11-01' };
const TEXT = { zh: '您预约的服务时间到了', en: 'Your booked service is due' };

/** 张小梅 with these properties, and what she said of reminders; with `no`, to another phone on the same day. */
function address(
  props: Record<string, string>,
  said?: Record<string, string>,
  type = 'client',
  no?: Record<string, string>,
) {
  const person = { id: 'c1', type, props: { dob: '1996-05-04', ...props } };
  const live = { given: [said, no].flatMap((v) => (v ? [{ v }] : [])) };
  const consents = said ? [{ props: { person: 'c1', ...said }, live }] : [];
  const keeping = {
    type: 'consent',
    people: 'client',
    born: 'dob',
    scopes: { preg: {}, msg: {} },
    notices: [{ version: '2025-1', effective: '2025-01-01', grace: 60, texts: {} }],
    reminders: { scope: 'msg', phone: 'phone', text: TEXT },
  };
  const client = {
    catalogue: () => ({ programs: [{ scope: 'health', consents: keeping }], forms: [] }),
    registry: () => ({ find: () => consents }),
    host: () => ({ today: () => TODAY, items: (): RegistryItem[] => [] }),
  };
  return reminderFor(client as unknown as Client, 'health', person as unknown as EntityView);
}

it('one who agreed gets one sentence, which tells nobody what it is about', () => {
  const link = address({ phone: '13800001111', full_name: '张小梅' }, YES);
  expect(link).toBe(`sms:13800001111?&body=${encodeURIComponent(TEXT.zh)}`);
});

it.each([
  ['never asked', undefined],
  ['said no', { ...YES, status: 'declined' }],
  ['agreed to something else', { ...YES, scope: 'preg' }],
  ['too long ago', { ...YES, ends_on: '2026-11-01' }],
])('who %s gets none', (_, said) => {
  expect(address({ phone: '13800001111' }, said)).toBeNull();
});

it('who said no to another phone on the same day gets none', () => {
  const no = { ...YES, status: 'declined' };
  expect(address({ phone: '13800001111' }, YES, 'client', no)).toBeNull();
});

it('who left no number gets none, nor does what is no person', () => {
  expect(address({ phone: '' }, YES)).toBeNull();
  expect(address({ phone: '13800001111' }, YES, 'dwelling')).toBeNull();
});

it('a number is digits alone, whatever was typed', () => {
  expect(address({ phone: '138 0000-1111?body=x&y' }, YES)).toBe(
    `sms:13800001111?&body=${encodeURIComponent(TEXT.zh)}`,
  );
});
