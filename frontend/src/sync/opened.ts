/** What an open phone sends and fetches with: its own stores, and for what it can't open the server's seal. */
import type { Opened } from '@/store/opened';
import type { SyncContext } from './context';
import { namedBy, sealedBytes, sealedItem } from './locked';

type Given =
  | 'net'
  | 'device'
  | 'outbox'
  | 'report'
  | 'changed'
  | 'reached'
  | 'drafts'
  | 'removeUntouched'
  | 'forget'
  | 'hollow'
  | 'terms'
  | 'takeTerms'
  | 'stopped';

/** user: whose phone it is. */
export function openContext(
  opened: Opened,
  { user, ...rest }: Pick<SyncContext, Given> & { user: string },
): SyncContext {
  const { base, knowledge, items, blobs, transfer } = opened;
  const { vault } = opened.deps.sealer;
  return {
    ...rest,
    ...{ base, knowledge, blobs, transfer },
    named: () => new Map([...namedBy(items.closed(), blobs.heads), ...items.named()]),
    isMine: (one) => one.vault === vault || (!!one.post && one.user === user),
    item: async (record) => {
      const body = await items.body(record);
      const { id, n, sha } = record;
      return body === null ? sealedItem(record) : { id, n, sha, body };
    },
    bytes: async (record) => {
      const bytes = await blobs.open(record);
      // What this key should open and doesn't is damaged; the server would find the same.
      return bytes ? { bytes } : record.vault === vault ? null : sealedBytes(record);
    },
    waiting: () => items.waiting(),
    olderForms: () => [
      ...opened.drafts.list().map(({ form, version }) => ({ id: form, version })),
      ...opened.returned().map(({ form, fv }) => ({ id: form, version: fv })),
    ],
  };
}
