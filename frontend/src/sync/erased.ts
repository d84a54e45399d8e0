/**
 * What was erased on the server leaves the phone whole: not only the copy, but drafts, visits the server has, and their
 * photos. What waits to be sent is sent, for nothing saved is lost in silence; the server refuses it, and then it is emptied.
 */
import type { FeedChange } from '@/store/base';
import type { Change } from '@/store/outbox';
import type { SendContext, SyncContext } from './context';

/** The server's word for a visit about somebody who was erased. */
const ERASED = 'erased';

/** Done before the page is taken, and again if the phone goes down in between. */
export async function forgetErased(
  ctx: SyncContext,
  changes: readonly FeedChange[],
): Promise<void> {
  const all = changes.flatMap((change) => change.changes);
  const entities = all.flatMap((one) => (one.k === 'leave' && one.erase ? [one.e] : []));
  if (entities.length) await ctx.forget(entities);
}

export async function hollowRefused(
  ctx: SendContext,
  changes: ReadonlyMap<string, Change>,
): Promise<void> {
  const refused = [...changes].filter(([, change]) => change.why === ERASED).map(([id]) => id);
  if (refused.length) await ctx.hollow(refused);
}
