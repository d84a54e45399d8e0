// @vitest-environment happy-dom
/** The phones at the desk: of one that may have been used in the other scope neither numbers nor the hour are shown. */
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { addMessages, i18n } from '@/i18n';
import type { PhoneRow } from './api';
import PhonesTable from './PhonesTable.vue';

const OPEN: PhoneRow = {
  id: 'd1',
  author: '吴刚',
  name: '红米 9A',
  last_seen: '2026-11-02T01:12:44.000Z',
  revoked: null,
  numbered: true,
  silent: false,
  waiting: 2,
  stored: 5,
  durable: 5,
  quarantined: 0,
  gaps: [[3, 4]],
  repairs: 0,
  repaired: null,
  old_forms: [],
};
const CLOSED: PhoneRow = {
  ...OPEN,
  id: 'd2',
  author: '王芳',
  last_seen: '2026-11-02',
  numbered: false,
  silent: true,
  waiting: null,
  gaps: [],
};

beforeAll(() =>
  addMessages({ 'zh-CN': () => import('@/i18n/review.zh'), en: () => import('@/i18n/review.en') }),
);
afterEach(() => vi.unstubAllGlobals());

async function table(...phones: PhoneRow[]) {
  vi.stubGlobal('fetch', async () => Response.json(phones));
  const screen = mount(PhonesTable, { global: { plugins: [i18n] } });
  await flushPromises();
  const rows = screen.findAll('[data-test="phone-row"]').map((row) => row.text());
  return { rows, note: screen.find('[data-test="not-numbered"]').exists() };
}

test('what waits and what is missing of a phone whose numbers one may know', async () => {
  const { rows, note } = await table(OPEN);
  expect(rows[0]).toContain('缺第 3–4 份');
  expect(rows[0]).toMatch(/11月2日.*:12/);
  expect(note).toBe(false);
});

test('of another the day, a dash and its silence, and who knows more', async () => {
  const { rows, note } = await table(CLOSED);
  expect(rows[0]).toContain('2026年11月2日–5');
  expect(rows[0]).toContain('三天没有联系');
  expect(rows[0]).not.toMatch(/:|缺第/);
  expect(note).toBe(true);
});
