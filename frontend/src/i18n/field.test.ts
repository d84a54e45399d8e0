import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import captureEn from './capture.en';
import captureZh from './capture.zh';
import consentEn from './consent.en';
import consentZh from './consent.zh';
import fieldEn from './field.en';
import fieldZh from './field.zh';
import type { Messages } from './index';
import sessionsEn from './sessions.en';
import sessionsZh from './sessions.zh';

const SRC = fileURLToPath(new URL('..', import.meta.url));
const zh = { ...fieldZh, ...captureZh, ...consentZh, ...sessionsZh };
const en = { ...fieldEn, ...captureEn, ...consentEn, ...sessionsEn };
/** Tables whose keys come from data: states, roles, reasons. */
const TABLES =
  /^(why|role|error|sync\.error|sync\.step|outbox\.state|outbox\.stateHint|scope|nav|form\.media|consent\.(title|text|state)|notice)\.|^capture\.(microphone_|pace_|colour)/;

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'review' ? [] : files(path);
    return /\.(vue|ts)$/.test(entry.name) &&
      !/\.test\.ts$|(field|capture|consent|sessions)\.(zh|en)\.ts$/.test(entry.name)
      ? [path]
      : [];
  });
}
function keys(messages: Messages, prefix = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [prefix + key] : keys(value, `${prefix}${key}.`),
  );
}
const source = [...files(join(SRC, 'screens')), ...files(join(SRC, 'ui')), join(SRC, 'App.vue')]
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');
const named = new Set(
  [...source.matchAll(/'([a-z]+(?:\.[A-Za-z_]+)+)'/g)].map((found) => found[1]),
);

test('every text a screen asks for is there', () => {
  const asked = [...source.matchAll(/\bt\(\s*'([^']+)'/g)].map((found) => found[1]);
  expect(asked.length).toBeGreaterThan(100);
  const known = new Set(keys(zh));
  expect(asked.filter((key) => !known.has(String(key)))).toEqual([]);
});

test('no text stays behind that no screen asks for', () => {
  expect(keys(zh).filter((key) => !TABLES.test(key) && !named.has(key))).toEqual([]);
});

test('the placeholders of a text are the same in both languages', () => {
  const at = (messages: Messages, key: string): string =>
    key
      .split('.')
      .reduce<Messages | string>((it, part) => (it as Messages)[part] ?? '', messages) as string;
  const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of keys(zh))
    expect(placeholders(at(en, key)), key).toEqual(placeholders(at(zh, key)));
});

test('a reason the phone or the server can give has words', () => {
  const reasons = files(join(SRC, 'sync'))
    .concat(
      files(join(SRC, 'store')),
      files(join(SRC, 'crypto')),
      join(SRC, 'client.ts'),
      join(SRC, 'entry.ts'),
    )
    .map((path) => readFileSync(path, 'utf8'))
    .flatMap((text) =>
      [...text.matchAll(/new ClientError\('([a-z_]+)'/g)].map((found) => found[1]),
    );
  expect(reasons.length).toBeGreaterThan(3);
  expect(reasons.filter((key) => !(String(key) in zh.error))).toEqual([]);
});
