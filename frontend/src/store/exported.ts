/**
 * The outbox as a file: still sealed, with the wrapped key beside it, so that whoever knows the PIN or the log-in
 * password can open it anywhere. Needs no open phone. The format is described in docs/sync.md.
 */
import { toBase64 } from '@/crypto/bytes';
import type { Vault, Wrap } from '@/crypto/vault';
import type { OutboxRecord } from './outbox';

export function exportFile(
  records: readonly OutboxRecord[],
  vault: Vault,
  device: string,
  exported: string,
): Blob {
  const items = records.map(({ sealed, ...record }) => ({ ...record, sealed: toBase64(sealed) }));
  const keys = {
    id: vault.id,
    pin: wrapText(vault.pin),
    password: vault.password && wrapText(vault.password),
  };
  const file = { format: 'fs-outbox/1', exported, device, vault: keys, items };
  return new Blob([JSON.stringify(file)], { type: 'application/json' });
}

function wrapText({ salt, iterations, iv, wrapped }: Wrap) {
  return { salt: toBase64(salt), iterations, iv: toBase64(iv), wrapped: toBase64(wrapped) };
}
