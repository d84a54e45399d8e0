/**
 * Drafts that nobody touched for two weeks go. The server's clock alone counts, from the first sync at which it saw a draft
 * as it still is: a phone whose own clock jumps loses nothing by it.
 */
import type { DraftMeta } from '@/protocol/types';
import type { Profile } from '@/store/phone';
import type { SyncContext } from './context';

const KEPT = 14 * 24 * 3600_000;

export async function letDraftsAge(ctx: SyncContext, now: string): Promise<void> {
  const before = ctx.knowledge.profile.aging ?? {};
  const aging: NonNullable<Profile['aging']> = {};
  const old: DraftMeta[] = [];
  for (const draft of ctx.drafts()) {
    const { id, updated } = draft;
    const known = before[id];
    const since = known?.updated === updated ? known.since : now;
    if (Date.parse(now) - Date.parse(since) >= KEPT) old.push(draft);
    else aging[id] = { updated, since };
  }
  if (JSON.stringify(aging) === JSON.stringify(before)) return;
  for (const draft of old) await ctx.removeUntouched(draft);
  await ctx.knowledge.setProfile({ aging });
}
