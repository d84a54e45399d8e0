/**
 * Brings the base copy up to date, page by page, each with its cursor (rule C1: one pull at a time, matched by nonce; a
 * change of grants voids the pages that came with it). The cursor is only an optimisation: at the end of a feed the
 * checksum decides, and a copy that differs is repaired from the manifest.
 */
import type { WireChange, WireSid } from '@/protocol/types';
import type { Answer, Page, PullAnswer } from '@/protocol/wire';
import type { Cursor, FeedChange } from '@/store/base';
import type { Change, OutboxRecord } from '@/store/outbox';
import { whoAmI } from './account';
import { letDraftsAge } from './aging';
import { type Step, type Stop, type SyncContext, stopOf } from './context';
import { forgetErased } from './erased';
import { callSync, type Result } from './http';

/**
 * Bytes of changes wanted per page, before compression (packed an eighth to a fifth of it): at first, at most and at
 * least. A page that came quickly is followed by one twice as large; one that did not get through by a quarter.
 */
const BUDGET = 512 * 1024;
const LARGEST = 1024 * 1024;
const LEAST = 16 * 1024;
const FAST = 5_000;
const FETCHED = 100;
const REPAIRS = 3;
const ACKED: readonly OutboxRecord['state'][] = ['sent', 'attention', 'durable'];

/** The start of a feed: the server answers with everything. */
export const atStart = (feed: string): Cursor => ({ feed, epoch: '', seq: 0, view: '' });

/** Why it ended early, or the hash of the catalogue the server has now. */
export async function pull(ctx: SyncContext): Promise<Stop | { catalogue: string }> {
  const spoken = await acknowledged(ctx);
  const repairs = new Map<string, number>();
  const pace = { budget: BUDGET };
  for (;;) {
    const result = await nextPage(ctx, pace);
    if (!result.ok) return stopOf(result);
    const { catalogue } = result.value;
    if (ctx.stopped()) return { catalogue };
    if (result.value.grants_ver !== ctx.knowledge.profile.grantsVer) {
      const stop = await takeGrants(ctx, result.value);
      if (stop) return stop;
      continue;
    }
    const round = await takeRound(ctx, result.value, repairs);
    if (typeof round === 'object') return round;
    if (round === 'more') continue;
    await hideOverlays(ctx, spoken);
    await letDraftsAge(ctx, result.value.server_now);
    await ctx.changed('registry');
    return { catalogue };
  }
}

/** As much as the line carries: more after a quick page, less where one doesn't get through. */
async function nextPage(
  ctx: SyncContext,
  pace: { budget: number },
): Promise<Result<Answer<'pull'>>> {
  for (;;) {
    const result = await callSync(ctx.net, 'pull', request(ctx, pace.budget), ctx.device);
    if (result.ok) {
      const { terms } = result.value;
      if (terms && !ctx.stopped()) await ctx.takeTerms(terms);
      if (result.ms < FAST) pace.budget = Math.min(LARGEST, pace.budget * 2);
      return result;
    }
    if (result.why !== 'timeout' || pace.budget <= LEAST || ctx.stopped()) return result;
    pace.budget = Math.max(LEAST, pace.budget / 4);
  }
}

/** Applies one answer and repairs the feeds that ended differently from the server's. */
async function takeRound(
  ctx: SyncContext,
  answer: PullAnswer,
  repairs: Map<string, number>,
): Promise<Stop | 'more' | 'done'> {
  const before = new Map(ctx.base.cursors().map((cursor) => [cursor.feed, cursor]));
  const pages = Object.entries(answer.feeds);
  const more = pages.some(([, page]) => page.more);
  if (!pages.every(([feed, page]) => follows(before.get(feed), page))) {
    return { why: 'captive', retryAfter: 0 };
  }
  if (more && !pages.some(([feed, page]) => advances(before.get(feed), page))) return STUCK;
  await apply(ctx, answer, before);
  report(ctx, pages);
  const wrong = pages.filter(([feed, page]) => !page.more && differs(ctx, feed, page));
  for (const [feed] of wrong) {
    const times = (repairs.get(feed) ?? 0) + 1;
    repairs.set(feed, times);
    const stop = times > REPAIRS ? STUCK : await repair(ctx, feed);
    if (stop) return stop;
  }
  return more || wrong.length ? 'more' : 'done';
}

const STUCK: Stop = { why: 'server', retryAfter: 0 };

function request(ctx: SyncContext, budget: number) {
  const feeds: Record<string, { epoch: string; seq: number; view: string }> = {};
  for (const { feed, epoch, seq, view } of ctx.base.cursors()) feeds[feed] = { epoch, seq, view };
  const { knowledge } = ctx;
  return {
    grants_ver: knowledge.profile.grantsVer,
    catalogue: knowledge.catalogue.hash,
    feeds,
    budget,
    terms: ctx.terms(),
  };
}

/** Takes over new grants; whatever pages came in the same answer are not used. */
async function takeGrants(ctx: SyncContext, answer: PullAnswer): Promise<Step> {
  const me = await whoAmI(ctx.net);
  if (!me.ok) return stopOf(me);
  // Somebody else has logged in in the same browser: what they may see is not for this phone.
  if (me.value.id !== ctx.knowledge.profile.me.id) return { why: 'login', retryAfter: 0 };
  const have = new Set(ctx.base.cursors().map(({ feed }) => feed));
  await ctx.base.drop(answer.lost.filter((feed) => have.has(feed)));
  const gained = answer.gained.filter((feed) => !have.has(feed));
  await ctx.base.apply(
    gained.map((feed) => ({ cursor: atStart(feed), reset: true, changes: [], sids: [] })),
    false,
  );
  const areas = answer.areas ? { areas: answer.areas } : {};
  await ctx.knowledge.setProfile({ me: me.value, grantsVer: answer.grants_ver, ...areas });
  await ctx.changed('registry');
  return null;
}

/** Pages never go back and only start anew by saying so. */
function follows(cursor: Cursor | undefined, page: Page): boolean {
  if (!cursor) return false;
  if (page.reset || cursor.epoch === '') return true;
  return page.epoch === cursor.epoch && page.seq >= cursor.seq;
}

/** The first page of a round may use up the budget; some feed must always get on. */
function advances(cursor: Cursor | undefined, page: Page): boolean {
  return page.reset || page.epoch !== cursor?.epoch || page.seq > cursor.seq;
}

async function apply(
  ctx: SyncContext,
  answer: PullAnswer,
  before: ReadonlyMap<string, Cursor>,
): Promise<void> {
  const changes = Object.entries(answer.feeds).flatMap(([feed, page]): FeedChange[] => {
    const cursor = { feed, epoch: page.epoch, seq: page.seq, view: page.view };
    const old = before.get(feed);
    const same = old?.epoch === page.epoch && old.seq === page.seq && old.view === page.view;
    if (same && !page.ch.length && !page.reset) return [];
    return [{ cursor, reset: page.reset, changes: page.ch, sids: answer.sids }];
  });
  // Noted first: a phone that goes down here asks in vain, but never forgets to ask.
  const isRestored = changes.some(({ cursor }) => isNewEpoch(before.get(cursor.feed), cursor));
  if (isRestored) await ctx.knowledge.setProfile({ recheck: true });
  // Before the cursor: a phone that goes down here is told again.
  await forgetErased(ctx, changes);
  const isWhole = Object.values(answer.feeds).every((page) => !page.more);
  await ctx.base.apply(changes, isWhole);
}

/** The server counts anew: it was restored, and may have forgotten what it acknowledged. */
function isNewEpoch(old: Cursor | undefined, { epoch }: Cursor): boolean {
  return old !== undefined && old.epoch !== '' && old.epoch !== epoch;
}

function differs(ctx: SyncContext, feed: string, page: Page): boolean {
  const { sum, count } = ctx.base.tally(feed);
  return sum !== page.sum || count !== page.count;
}

function report(ctx: SyncContext, pages: readonly [string, Page][]): void {
  const wanted = pages.reduce((sum, [, page]) => sum + page.count, 0);
  const have = pages.reduce((sum, [feed]) => sum + ctx.base.tally(feed).count, 0);
  ctx.report({ step: 'pull', progress: wanted ? Math.min(1, have / wanted) : 1 });
}

// ---- repair ---------------------------------------------------------------------------------------

/** Compares ids and versions one by one and fetches what differs. What changes meanwhile comes with the next page. */
async function repair(ctx: SyncContext, feed: string): Promise<Step> {
  const theirs = new Map<string, string>();
  let start = { epoch: '', seq: -1 };
  for (let after = ''; ; ) {
    const result = await callSync(ctx.net, 'manifest', { feed, after }, ctx.device);
    if (!result.ok) return stopOf(result);
    const { epoch, seq, rows, more } = result.value;
    if (start.seq < 0) start = { epoch, seq };
    for (const [entity, ver] of rows) theirs.set(entity, ver);
    const last = rows[rows.length - 1];
    if (!more || !last) break;
    after = last[0];
  }
  const ours = ctx.base.versions(feed);
  const wanted = [...theirs].filter(([id, ver]) => ours.get(id) !== ver).map(([id]) => id);
  const gone = [...ours.keys()].filter((id) => !theirs.has(id));
  const fetched = await fetchAll(ctx, feed, wanted);
  if ('why' in fetched) return fetched;
  const leaves = gone.map((e): WireChange => ({ k: 'leave', e }));
  const view = ctx.base.cursors().find((cursor) => cursor.feed === feed)?.view ?? '';
  const cursor = { feed, ...start, view };
  const parts = [{ changes: leaves, sids: [] }, ...fetched];
  await ctx.base.apply(
    parts.map((part) => ({ cursor, reset: false, ...part })),
    false,
  );
  return null;
}

type Fetched = { changes: WireChange[]; sids: WireSid[] }[];

async function fetchAll(
  ctx: SyncContext,
  feed: string,
  wanted: readonly string[],
): Promise<Fetched | NonNullable<Step>> {
  const fetched: Fetched = [];
  for (let i = 0; i < wanted.length; i += FETCHED) {
    const ids = wanted.slice(i, i + FETCHED);
    const result = await callSync(ctx.net, 'fetch', { feed, ids }, ctx.device);
    if (!result.ok) return stopOf(result);
    fetched.push({ changes: result.value.ch, sids: result.value.sids });
  }
  return fetched;
}

// ---- overlay --------------------------------------------------------------------------------------

/** Visits the server had before this pull began. */
async function acknowledged(ctx: SyncContext): Promise<Set<string>> {
  const items = await ctx.outbox.all();
  return new Set(items.filter(({ state }) => ACKED.includes(state)).map(({ id }) => id));
}

/** Rule C3: the base speaks for them now, in the order of finishing and never past one that hasn't arrived. */
async function hideOverlays(ctx: SyncContext, spoken: ReadonlySet<string>): Promise<void> {
  const items = await ctx.outbox.all();
  const end = items.findIndex((item) => !item.pulled && !spoken.has(item.id));
  const prefix = end < 0 ? items : items.slice(0, end);
  const changes = new Map(
    prefix
      .filter((item) => !item.pulled)
      .map((item): [string, Change] => [item.id, { pulled: true }]),
  );
  await ctx.outbox.change(changes, ACKED);
}
