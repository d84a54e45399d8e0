/**
 * The outbox as a file: still sealed, with the wrapped key beside it, so that whoever knows the PIN or the log-in
 * password can open it anywhere. Needs no open phone. The format is described in docs/sync.md.
 */
import { toBase64 } from '@/crypto/bytes';
import type { Vault, Wrap } from '@/crypto/vault';
import type { BlobShelf } from './blobs';
import type { OutboxRecord } from './outbox';

/** With the attachments that these visits hold and that aren't safe on the server. */
export async function exportFile(
  records: readonly OutboxRecord[],
  shelf: BlobShelf,
  vault: Vault,
  device: string,
  exported: string,
): Promise<Blob> {
  const items = records.map(({ sealed, ...record }) => ({ ...record, sealed: toBase64(sealed) }));
  const keys = {
    id: vault.id,
    pin: wrapText(vault.pin),
    password: vault.password && wrapText(vault.password),
  };
  const file = { format: 'fs-outbox/1', exported, device, vault: keys, items };
  // In parts: a film of ten megabytes is never one string with the rest.
  const parts = [JSON.stringify(file).slice(0, -1), ',"blobs":['];
  for await (const text of blobTexts(records, shelf)) {
    if (parts.length > 2) parts.push(',');
    parts.push(text);
  }
  return new Blob([...parts, ']}'], { type: 'application/json' });
}

async function* blobTexts(
  records: readonly OutboxRecord[],
  shelf: BlobShelf,
): AsyncGenerator<string> {
  const ids = new Set(records.map(({ id }) => id));
  // Photos that can't be read must not keep the text from being saved.
  for (const head of await shelf.heads().catch(() => [])) {
    if (head.state === 'durable' || !head.visits.some((id) => ids.has(id))) continue;
    const record = await shelf.record(head.name).catch(() => undefined);
    if (!record) continue;
    const { name, type, size, vault, visits, sealed } = record;
    yield JSON.stringify({ name, type, size, vault, visits, sealed: toBase64(sealed) });
  }
}

function wrapText({ salt, iterations, iv, wrapped }: Wrap) {
  return { salt: toBase64(salt), iterations, iv: toBase64(iv), wrapped: toBase64(wrapped) };
}
