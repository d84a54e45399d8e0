/**
 * Sends what waits, in the order it was finished. Nothing is marked sent but what an answer of our server names; one bad
 * item can't hold up the others; a login that ended doesn't matter, for the device's signature is enough.
 */
import type { ItemState } from '@/protocol/types';
import { MAX_ITEMS, type PushItem, type PushResult } from '@/protocol/wire';
import { type Change, isToSend, type OutboxRecord } from '@/store/outbox';
import { type SendContext, type Step, type Stop, stopOf } from './context';
import { hollowRefused } from './erased';
import { callSync, type Result } from './http';

/** Of bodies as they are; a fourth of it goes over the line. */
const START = 40 * 1024;
const LARGEST = 512 * 1024;
const FAST = 5_000;
const TO_SEND: readonly OutboxRecord['state'][] = ['waiting', 'sending'];

/** Carried over from batch to batch within one sync. */
interface Progress {
  limit: number;
  /** Tried without success in this sync; they wait for the next. */
  skipped: Set<string>;
  /** Single items in a row that the server failed on: two of them mean it's the server. */
  failures: number;
  sent: number;
  held: Stop | null;
}

/** stop: the sync ends here. held: something must wait for the next sync, but there is no reason not to go on. */
export interface Pushed {
  stop: Step;
  held: Step;
}

export async function push(ctx: SendContext): Promise<Pushed> {
  const progress: Progress = { limit: START, skipped: new Set(), failures: 0, sent: 0, held: null };
  for (;;) {
    if (ctx.stopped()) return { stop: null, held: null };
    const waiting = (await ctx.outbox.all()).filter(
      (record) => ctx.isMine(record) && isToSend(record),
    );
    const left = waiting.filter((item) => !progress.skipped.has(item.id));
    report(ctx, progress, waiting.length);
    if (!left.length) return { stop: null, held: progress.held };
    const batch = await takeBatch(ctx, left, progress);
    if (!batch.length) continue;
    const stop = await sendBatch(ctx, batch, progress);
    if (stop) return { stop, held: null };
  }
}

function report(ctx: SendContext, { sent }: Progress, unsent: number): void {
  ctx.report({ step: 'push', unsent, progress: sent + unsent ? sent / (sent + unsent) : 1 });
}

/** What is sealed can't be packed any more: it counts as what it would have been before. */
const sizeOf = (item: PushItem) => ('body' in item ? item.body.length : 4 * item.sealed.length);

/** The next items up to the size limit, but at least one. Unreadable ones are passed over. */
async function takeBatch(
  ctx: SendContext,
  left: readonly OutboxRecord[],
  progress: Progress,
): Promise<PushItem[]> {
  const batch: PushItem[] = [];
  let size = 0;
  for (const item of left) {
    if (batch.length >= MAX_ITEMS) break;
    const sent = await ctx.item(item);
    if (sent === null) {
      progress.skipped.add(item.id);
      continue;
    }
    size += sizeOf(sent);
    if (batch.length && size > progress.limit) break;
    batch.push(sent);
  }
  return batch;
}

async function sendBatch(
  ctx: SendContext,
  batch: readonly PushItem[],
  progress: Progress,
): Promise<Step> {
  const { install } = await ctx.outbox.place();
  await mark(ctx, batch, { state: 'sending' }, ['waiting']);
  const now = new Date(ctx.net.now()).toISOString();
  const message = { install, device: ctx.device.id, now, subs: [...batch] };
  const result = await callSync(ctx.net, 'push', message, ctx.device);
  if (!result.ok) return afterFailure(result, batch, progress);
  progress.failures = 0;
  if (result.ms < FAST) progress.limit = Math.min(LARGEST, progress.limit * 2);
  await settle(ctx, batch, result.value.results, progress);
  return null;
}

/** Smaller batches, or past the one item that can't be sent now; else the sync ends here. */
function afterFailure(
  result: Extract<Result<unknown>, { ok: false }>,
  batch: readonly PushItem[],
  progress: Progress,
): Step {
  const stop = stopOf(result);
  if (!['too_large', 'timeout', 'server'].includes(result.why)) return stop;
  const [first, ...others] = batch;
  if (others.length) {
    const size = batch.reduce((sum, item) => sum + sizeOf(item), 0);
    progress.limit = Math.floor(Math.min(progress.limit, size) / 2);
    return null;
  }
  if (first) progress.skipped.add(first.id);
  progress.held = stop;
  progress.failures += result.why === 'too_large' ? 0 : 1;
  return progress.failures > 1 ? stop : null;
}

const NEXT: Record<ItemState, OutboxRecord['state']> = {
  stored: 'sent',
  conflict: 'sent',
  duplicate: 'sent',
  variant: 'attention',
  quarantined: 'attention',
  later: 'waiting',
};

/** What a state of the server's means for an item here. */
export function changeFor({ st, why }: { st: ItemState; why: string | null }): Change {
  const state = NEXT[st];
  return {
    state,
    why: state === 'attention' ? (why ?? (st === 'variant' ? 'variant' : 'unknown')) : null,
  };
}

async function settle(
  ctx: SendContext,
  batch: readonly PushItem[],
  results: readonly PushResult[],
  progress: Progress,
): Promise<void> {
  const answered = new Map(results.map((result) => [result.id, result]));
  const changes = new Map<string, Change>();
  for (const { id } of batch) {
    const change = changeFor(answered.get(id) ?? { st: 'later', why: null });
    changes.set(id, change);
    if (change.state === 'waiting') {
      progress.skipped.add(id);
      progress.held = { why: 'busy', retryAfter: 0 };
    } else progress.sent += 1;
  }
  // Only from `sending`: an item that may have left is never offered for editing again.
  for (const [id, change] of changes) if (change.state === 'waiting') changes.delete(id);
  await ctx.outbox.change(changes, TO_SEND);
  await hollowRefused(ctx, changes);
  await ctx.changed('outbox');
}

async function mark(
  ctx: SendContext,
  batch: readonly PushItem[],
  change: Change,
  from: OutboxRecord['state'][],
): Promise<void> {
  await ctx.outbox.change(new Map(batch.map(({ id }) => [id, change])), from);
  await ctx.changed('outbox');
}
