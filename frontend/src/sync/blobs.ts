/**
 * Sends photos and recordings, last of all and one chunk at a time: between two chunks whatever text has come up goes
 * first. The server says how much it has, so a transfer goes on where it broke off, after a cut as after a restart; chunks
 * shrink to what the line bears. A visit keeps its attachments here until they are in a backup of the server.
 */
import { toBase64 } from '@/crypto/bytes';
import type { Answer } from '@/protocol/wire';
import { type BlobChange, type BlobHead, isUnsent } from '@/store/blobs';
import { type SendContext, type Step, type Stop, stopOf } from './context';
import { callSync, type Result } from './http';

const LARGEST_CHUNK = 64 * 1024;
const SMALLEST_CHUNK = 4 * 1024;
/**
 * Answered faster than this, ms, the next chunk is larger; slower than that, smaller. Each costs a round trip, so on the
 * slowest lines they must be large; text that comes up meanwhile doesn't wait for their end.
 */
const FAST = 20_000;
const SLOW = 40_000;
/** Chunks in a row after which a size that failed is tried again. */
const STEADY = 8;
const ASKED = 500;
/** An attachment that doesn't get on, or arrives as something else, so often in one sync waits for the next. */
const TRIES = 3;

/** yield: something more urgent has come up. */
export type Sent = Step | 'yield';

/** isUrgent: whether text waits to be sent. yielding: it has waited long enough for the chunk under way. */
export async function sendBlobs(
  ctx: SendContext,
  isUrgent: () => Promise<boolean>,
  yielding: AbortSignal,
): Promise<Sent> {
  const named = namedOnServer(ctx);
  if (!named.size) return null;
  const asked = await ask(ctx, [...named]);
  if (asked) return asked;
  const waiting = ctx.blobs.heads.filter((head) => isToSend(ctx, head, named));
  for (const [i, head] of waiting.entries()) {
    if (ctx.stopped()) return null;
    if (!twinsOf(ctx, head).some(isUnsent)) continue;
    const between = (part: number) => {
      ctx.report({ step: 'blobs', progress: (i + part) / waiting.length });
      return isUrgent();
    };
    const sent = await sendOne(ctx, head, { between, yielding });
    if (sent) return sent;
  }
  return null;
}

/** The attachments of visits that the server has: text goes first. */
function namedOnServer(ctx: SendContext): Set<string> {
  return new Set([...ctx.named()].filter(([, { left }]) => left).flatMap(([, { shas }]) => shas));
}

function isToSend(ctx: SendContext, head: BlobHead, named: ReadonlySet<string>): boolean {
  const mine = ctx.isMine(head) && named.has(head.sha);
  return mine && isUnsent(head) && !ctx.transfer.refused.has(head.name);
}

// ---- what the server has --------------------------------------------------------------------------

/** Learns how far each is, which are safe for good, and which a restored server lost. */
async function ask(ctx: SendContext, named: readonly string[]): Promise<Step> {
  const { heads } = ctx.blobs;
  const safe = new Set(heads.filter(({ state }) => state === 'durable').map(({ sha }) => sha));
  const open = named.filter((sha) => !safe.has(sha) && !ctx.transfer.known.has(sha));
  for (let i = 0; i < open.length; i += ASKED) {
    const shas = open.slice(i, i + ASKED);
    const result = await callSync(ctx.net, 'blobs', { shas }, ctx.device);
    if (!result.ok) return stopOf(result);
    const { states } = result.value;
    const changes = new Map<string, BlobChange>();
    for (const head of heads) {
      const change = states[head.sha] && changeFor(head, states[head.sha]?.st ?? 'missing');
      if (change) changes.set(head.name, change);
    }
    for (const sha of shas) note(ctx, sha, states[sha] ?? { st: 'missing', have: 0 });
    await change(ctx, changes);
  }
  return null;
}

/** The same bytes under other names too: they have arrived with it. */
const twinsOf = ({ blobs }: SendContext, { sha }: BlobHead) =>
  blobs.heads.filter((head) => head.sha === sha);

const ARRIVED = {
  stored: { state: 'sent', why: null },
  durable: { state: 'durable', why: null },
} as const satisfies Record<string, BlobChange>;

type State = Answer<'blobs'>['states'][string];

/** What isn't here may still be there: a picture that a correction kept. */
function note({ blobs, transfer }: SendContext, sha: string, { st, have }: State): void {
  transfer.arrived.set(sha, have);
  if (blobs.heads.some((head) => head.sha === sha)) return;
  const isThere = st === 'stored' || st === 'durable';
  (isThere ? transfer.known : transfer.lost).add(sha);
  if (isThere) transfer.lost.delete(sha);
}

/** What an answer about it changes here; null: nothing. */
function changeFor(head: BlobHead, st: State['st']): BlobChange | null {
  if (st === 'stored' || st === 'durable')
    return head.state === ARRIVED[st].state ? null : ARRIVED[st];
  return head.state === 'sent' ? { state: 'waiting', why: null } : null;
}

async function change(ctx: SendContext, changes: ReadonlyMap<string, BlobChange>): Promise<void> {
  if (!changes.size) return;
  await ctx.blobs.shelf.change(changes);
  await ctx.changed('outbox');
}

// ---- one attachment -------------------------------------------------------------------------------

type Outgoing = NonNullable<Awaited<ReturnType<SendContext['bytes']>>>;

interface Manners {
  /** Told how far it is, says whether text waits. */
  between(part: number): Promise<boolean>;
  yielding: AbortSignal;
}

async function sendOne(ctx: SendContext, head: BlobHead, manners: Manners): Promise<Sent> {
  const bytes = await bytesOf(ctx, head);
  if (!bytes) return null;
  let at = ctx.transfer.arrived.get(head.sha) ?? 0;
  if (at >= head.size) at = 0;
  for (let setbacks = 0; setbacks < TRIES && !ctx.stopped(); ) {
    const now = await advance(ctx, head, bytes, at, manners);
    if (typeof now !== 'number') return now;
    if (now <= at) setbacks += 1;
    at = now;
  }
  return null;
}

/** One chunk further: how far it is now, or how it ended. */
async function advance(
  ctx: SendContext,
  head: BlobHead,
  bytes: Outgoing,
  at: number,
  { between, yielding }: Manners,
): Promise<number | Sent> {
  const answer = await sendChunk(ctx, head, bytes, at, yielding);
  if (!answer.ok) return yielding.aborted ? 'yield' : stopOf(answer);
  const end = await take(ctx, head, answer.value);
  const { have } = answer.value;
  const isUrgent = await between(end === 'more' ? have / head.size : 1);
  if (isUrgent && (end === 'more' || end === null)) return 'yield';
  return end === 'more' ? have : end;
}

/** Compared with their hash once more before they leave. */
async function bytesOf(ctx: SendContext, head: BlobHead): Promise<Outgoing | null> {
  const record = await ctx.blobs.shelf.record(head.name);
  const bytes = record ? await ctx.bytes(record) : null;
  if (record && !bytes) await refuse(ctx, head, 'damaged');
  return bytes;
}

async function sendChunk(
  ctx: SendContext,
  { sha, size }: BlobHead,
  { bytes, sealed }: Outgoing,
  at: number,
  yielding: AbortSignal,
): Promise<Result<Answer<'blob'>>> {
  const data = bytes.subarray(at, at + ctx.transfer.chunk);
  const message = { sha, size, at, data: toBase64(data), ...(sealed ? { sealed } : {}) };
  const result = await callSync(ctx.net, 'blob', message, ctx.device, yielding);
  if (result.ok || !yielding.aborted) adapt(ctx, data.length, result.ok ? result.ms : null);
  return result;
}

/** What the answer to a chunk means: more to send, done with this one (null), or an end of it all. */
async function take(
  ctx: SendContext,
  head: BlobHead,
  { st, have, why }: Answer<'blob'>,
): Promise<'more' | Step> {
  ctx.transfer.arrived.set(head.sha, have);
  switch (st) {
    case 'stored':
    case 'durable':
      await change(ctx, new Map(twinsOf(ctx, head).map(({ name }) => [name, ARRIVED[st]])));
      return null;
    case 'refused':
      return refuse(ctx, head, why ?? 'unknown');
    case 'later':
      return BUSY;
    case 'wrong':
      await change(ctx, new Map([[head.name, { why: 'wrong' }]]));
      return 'more';
    default:
      return 'more';
  }
}

const BUSY: Stop = { why: 'busy', retryAfter: 0 };

/** Stays on the phone, its trouble in sight, and doesn't hold up the others. */
async function refuse(ctx: SendContext, head: BlobHead, why: string): Promise<null> {
  ctx.transfer.refused.add(head.name);
  await change(ctx, new Map([[head.name, { state: 'refused', why }]]));
  return null;
}

/**
 * ms: how long a chunk of that length took; null: it didn't get through. What is on the line when it is cut is lost, so
 * sizes that failed are only tried again after a while.
 */
function adapt({ transfer }: SendContext, length: number, ms: number | null): void {
  if (ms === null || ms > SLOW) {
    transfer.chunk = Math.max(SMALLEST_CHUNK, Math.floor(length / (ms === null ? 4 : 2)));
    transfer.ceiling = transfer.chunk;
    transfer.streak = 0;
    return;
  }
  transfer.streak += 1;
  if (transfer.streak % STEADY === 0) transfer.ceiling *= 2;
  if (ms < FAST && length === transfer.chunk)
    transfer.chunk = Math.min(LARGEST_CHUNK, transfer.ceiling, transfer.chunk * 2);
}
