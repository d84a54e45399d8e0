/** 王芳's PIN on phones whose browsers can do less than others. */
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.doUnmock('./argon2');
  vi.resetModules();
});

async function enrolled() {
  const { createPepper, createVault, openWrap } = await import('./vault');
  const pepper = await createPepper();
  const { vault } = await createVault('v1', { pin: '739415', password: null }, pepper);
  const opens = async (pin: string) => (await openWrap('v1', vault.pin, pin, pepper)) !== null;
  return { kdf: vault.pin.kdf, opens };
}

test('without WebAssembly Argon2id is plain script', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  const { kdf, opens } = await enrolled();
  expect(kdf?.name).toBe('argon2id');
  expect([await opens('739415'), await opens('739416')]).toEqual([true, false]);
});

test('where it cannot run at all, her PIN is stretched by 600,000 rounds of PBKDF2', async () => {
  vi.doMock('./argon2', () => ({ argon2id: () => Promise.reject(new Error('refused')) }));
  const { kdf, opens } = await enrolled();
  expect(kdf).toEqual({ name: 'pbkdf2', iterations: 600_000 });
  expect([await opens('739415'), await opens('739416')]).toEqual([true, false]);
});
