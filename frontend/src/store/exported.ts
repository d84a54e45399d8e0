/**
 * The outbox as a file: still sealed, to the server; of the first builds, for whoever knows the PIN or the log-in password,
 * whose wraps lie beside it. Needs no open phone. The format is described in docs/sync.md.
 */
import { toBase64 } from '@/crypto/bytes';
import type { Vault, Wrap } from '@/crypto/vault';
import type { BlobShelf } from './blobs';
import type { OutboxRecord } from './outbox';

/** With the attachments that these visits hold and that aren't safe on the server. */
export async function exportFile(
  records: readonly OutboxRecord[],
  shelf: BlobShelf,
  vault: (Pick<Vault, 'id' | 'password'> & Partial<Vault>) | null,
  device: string,
  exported: string,
): Promise<Blob> {
  const items = records.map(({ sealed, post, ...record }) => ({
    ...record,
    sealed: toBase64(sealed),
    ...(post ? { post: toBase64(post) } : {}),
  }));
  const keys = vault && {
    id: vault.id,
    pin: wrapText(vault.pin),
    password: wrapText(vault.password),
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
    const { name, type, size, vault, visits, sealed, post } = record;
    const closed = { sealed: toBase64(sealed), ...(post ? { post: toBase64(post) } : {}) };
    yield JSON.stringify({ name, type, size, vault, visits, ...closed });
  }
}

/** Without this phone's pepper the others open nothing. */
function wrapText(wrap: Wrap | null | undefined) {
  if (!wrap || wrap.kdf) return null;
  const { salt, iterations, iv, wrapped } = wrap;
  return { salt: toBase64(salt), iterations, iv: toBase64(iv), wrapped: toBase64(wrapped) };
}
