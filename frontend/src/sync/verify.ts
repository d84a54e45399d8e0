/**
 * Asks the server which of the visits it acknowledged it still has and which are safe for good. After a restore of the
 * server, what it lost is sent again. An item leaves the phone only when durable and in the base copy.
 */
import type { Answer } from '@/protocol/wire';
import type { Change, Outbox, OutboxRecord } from '@/store/outbox';
import { isOpen, type SendContext, type Step, type SyncContext, stopOf } from './context';
import { hollowRefused } from './erased';
import { callSync } from './http';
import { changeFor } from './push';

/** Ids asked about in an idle sync: losses show among the newest, safety first among the oldest. */
const SAMPLE = 24;
const CHUNK = 200;
/** Safe visits that stay on the phone, so that a returned one can be corrected knowing its writes. */
const KEPT = 30;
const ACKED: readonly OutboxRecord['state'][] = ['sent', 'attention'];
const EVER_ACKED: readonly OutboxRecord['state'][] = [...ACKED, 'durable'];

/** Up to which visit this phone told the server, since the app was opened. */
const told = new WeakMap<Outbox, number>();

export async function verify(ctx: SyncContext): Promise<Step> {
  const stop = ctx.knowledge.profile.recheck ? await recheck(ctx) : await look(ctx);
  if (!stop) await purge(ctx);
  return stop;
}

/** What a phone may do that nobody has opened: look what became of its work, and whether it shall keep anything. */
export async function verifyLocked(
  ctx: SendContext,
): Promise<NonNullable<Step> | { revoked: boolean }> {
  const acked = await idsIn(ctx, ACKED);
  const first = await ask(ctx, acked.slice(0, CHUNK));
  return 'why' in first ? first : { revoked: first.revoked };
}

/** Ids in the order of finishing. */
async function idsIn(ctx: SendContext, states: readonly OutboxRecord['state'][]) {
  const items = await ctx.outbox.all();
  return items
    .filter((item) => ctx.isMine(item) && states.includes(item.state))
    .map(({ id }) => id);
}

/** About some, and about all of them as soon as anything became of those; not at all with nothing to ask or to tell. */
async function look(ctx: SyncContext): Promise<Step> {
  const acked = await idsIn(ctx, ACKED);
  const { counter } = await ctx.outbox.place();
  if (!acked.length && told.get(ctx.outbox) === counter) return null;
  const sample =
    acked.length <= 2 * SAMPLE ? acked : [...acked.slice(0, SAMPLE), ...acked.slice(-SAMPLE)];
  const first = await ask(ctx, sample);
  if ('why' in first) return first;
  const isNews = first.missing.length > 0 || first.durable.length > 0;
  return isNews
    ? askAll(
        ctx,
        acked.filter((id) => !sample.includes(id)),
      )
    : null;
}

/** After a restore, from whichever backup: what was safe for good may be forgotten too, and photos with it. */
async function recheck(ctx: SyncContext): Promise<Step> {
  const safe = ctx.blobs.heads.filter(({ state }) => state === 'durable');
  told.delete(ctx.outbox);
  ctx.transfer.known.clear();
  await ctx.blobs.shelf.change(new Map(safe.map(({ name }) => [name, { state: 'sent' }])));
  const stop = await askAll(ctx, await idsIn(ctx, EVER_ACKED), EVER_ACKED);
  if (!stop && !ctx.stopped()) await ctx.knowledge.setProfile({ recheck: false });
  await ctx.changed('outbox');
  return stop;
}

async function askAll(ctx: SyncContext, ids: readonly string[], from = ACKED): Promise<Step> {
  for (let i = 0; i < ids.length && !ctx.stopped(); i += CHUNK) {
    const answer = await ask(ctx, ids.slice(i, i + CHUNK), from);
    if ('why' in answer) return answer;
  }
  return null;
}

async function ask(
  ctx: SendContext,
  acked: string[],
  from = ACKED,
): Promise<Answer<'verify'> | NonNullable<Step>> {
  const { install, counter } = await ctx.outbox.place();
  const message = {
    install,
    acked,
    n_max: counter,
    ...(isOpen(ctx) && { waiting: ctx.waiting() }),
  };
  const result = await callSync(ctx.net, 'verify', message, ctx.device);
  if (!result.ok) return stopOf(result);
  told.set(ctx.outbox, counter);
  const asked = new Set(acked);
  const changes = new Map(changesOf(result.value).filter(([id]) => asked.has(id)));
  await ctx.outbox.change(changes, from);
  await hollowRefused(ctx, changes);
  if (changes.size) await ctx.changed('outbox');
  return result.value;
}

/** Later entries win: what is missing can't be safe. */
function changesOf({ states, durable, missing }: Answer<'verify'>): [string, Change][] {
  const stated = Object.entries(states).map(([id, state]): [string, Change] => [
    id,
    changeFor(state),
  ]);
  const attention = new Set(stated.filter(([, c]) => c.state === 'attention').map(([id]) => id));
  return [
    ...stated.filter(([, change]) => change.state !== 'waiting'),
    ...durable
      .filter((id) => !attention.has(id))
      .map((id): [string, Change] => [id, { state: 'durable', why: null }]),
    ...missing.map((id): [string, Change] => [id, { state: 'sending', why: null, pulled: false }]),
  ];
}

async function purge(ctx: SyncContext): Promise<void> {
  const safe = (await ctx.outbox.all()).filter((item) => item.state === 'durable' && item.pulled);
  const last = safe.slice(0, Math.max(0, safe.length - KEPT)).map(({ id }) => id);
  // Whose photos can't be looked at stays, and doesn't hold up the rest of the sync.
  const held = last.length ? await withUnsafeBlobs(ctx).catch(() => new Set(last)) : new Set();
  const old = last.filter((id) => !held.has(id));
  if (!old.length) return;
  await ctx.outbox.purge(old);
  // A crash here leaves attachments of visits that are gone: the next start sweeps them.
  await ctx.blobs.shelf.settle(({ drafts, visits }) => ({
    drafts,
    visits: visits.filter((id) => !old.includes(id)),
  }));
  await ctx.changed('outbox');
}

/** Visits with an attachment here that is not in a backup of the server. */
async function withUnsafeBlobs(ctx: SyncContext): Promise<Set<string>> {
  const unsafe = (await ctx.blobs.shelf.heads()).filter(({ state }) => state !== 'durable');
  const shas = new Set(unsafe.map(({ sha }) => sha));
  const naming = [...ctx.named()].filter(([, named]) => named.shas.some((sha) => shas.has(sha)));
  return new Set([...unsafe.flatMap(({ visits }) => visits), ...naming.map(([id]) => id)]);
}
