/** Hands the sealed outbox to the phone as a file. */
import type { Client } from '@/protocol/types';
import { isoDay } from '@/ui/dates';

export async function saveOutboxFile(client: Client): Promise<void> {
  const url = URL.createObjectURL(await client.exportOutbox());
  const link = document.createElement('a');
  link.href = url;
  link.download = `fieldapp-outbox-${isoDay(new Date())}.bin`;
  link.click();
  // Revoking at once would cut the download off.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
