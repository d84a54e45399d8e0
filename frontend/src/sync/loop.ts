/**
 * When to sync, and in which order: verify → push → pull → forms → photos of visits → media of forms, one tab at a time
 * under the Web Lock `fs-sync`. Without locks nothing is synced: two senders would be worse than none. Failures back off
 * with jitter; whatever gives hope (opening, finishing a visit, network, the app coming to the front, the button) tries
 * at once.
 */
import { ClientError, type SyncState } from '@/protocol/types';
import { sendBlobs } from './blobs';
import { isOpen, type SendContext, type Stop, type SyncContext } from './context';
import { downloadForms, downloadMedia } from './forms';
import type { Failure } from './http';
import { pull } from './pull';
import { push } from './push';
import { verify, verifyLocked } from './verify';

const LOCK = 'fs-sync';
const IDLE = 5 * 60_000;
const FIRST_RETRY = 5_000;
const LONGEST_RETRY = 15 * 60_000;
/** Nobody was reached, so nobody is burdened: whoever comes back into signal shouldn't wait for it. */
const LONGEST_OFFLINE_RETRY = 30_000;

/** Names of texts under `sync.error.*`. */
const ERRORS: Record<Failure, string> = {
  offline: 'offline',
  timeout: 'timeout',
  captive: 'captive',
  login: 'session',
  signature: 'phone_unknown',
  revoked: 'revoked',
  forbidden: 'unexpected',
  too_large: 'server',
  busy: 'busy',
  server: 'server',
};

/** Of a visit, for the end of a chunk of a photo, ms. */
const CHUNK_PATIENCE = 5_000;

/** Keys of ClientErrors that are told as they are. */
const STORAGE = new Set(['storage', 'storage_broken']);

export interface LoopDeps {
  /** Of an open phone; a locked one only sends. */
  context: SendContext | SyncContext;
  locks: LockManager | undefined;
  random(): number;
  setTimer(fn: () => void, ms: number): () => void;
  /** Takes over a change of what is shown about syncing. */
  show(change: Partial<SyncState>): void;
  /** The server wants this phone to keep nothing. */
  revoked(): Promise<void>;
}

export class Loop {
  private failures = 0;
  private cancelTimer: () => void = () => undefined;
  private running: Promise<void> | null = null;
  private again = false;
  /** While photos leave, and lists, pictures and sounds of forms come in. */
  private giveWay: AbortController | null = null;
  /** How long what is under way may still take when a visit waits, ms. */
  private patience = 0;

  constructor(private readonly deps: LoopDeps) {}

  /** Syncs now. If one is under way here, once more after it: what called may have come too late for it. */
  trigger(): Promise<void> {
    if (this.running) {
      this.again = true;
      void this.letVisitsPass();
      return this.running;
    }
    this.running = this.turns().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  stop(): void {
    this.cancelTimer();
  }

  private async turns(): Promise<void> {
    do {
      this.again = false;
      await this.turn();
    } while (this.again && !this.deps.context.stopped());
  }

  private async turn(): Promise<void> {
    const { context, locks, show } = this.deps;
    if (context.stopped()) return;
    this.cancelTimer();
    if (!locks) {
      show({ error: 'unexpected' });
      return;
    }
    show({ running: true, progress: 0, error: null });
    try {
      const stop = await locks.request(LOCK, () => this.steps());
      if (stop?.why === 'revoked') await this.deps.revoked();
      if (context.stopped()) return;
      if (stop) this.failed(stop, ERRORS[stop.why]);
      else this.succeeded();
    } catch (error) {
      if (context.stopped()) return;
      this.failed({ why: 'server', retryAfter: 0 }, storageError(error) ?? 'unexpected');
    }
  }

  private steps(): Promise<Stop | null> {
    const { context } = this.deps;
    return isOpen(context) ? this.wholeSync(context) : this.sending(context);
  }

  /** Pushing goes first and doesn't wait for a login; a refusal of one step doesn't keep the next from being tried. */
  private async wholeSync(context: SyncContext): Promise<Stop | null> {
    const { counter } = await context.outbox.place();
    if (await context.base.refresh()) await context.changed('registry');
    const verified = await verify(context);
    if (endsAll(verified)) return verified;
    const { stop, held } = await push(context);
    if (endsAll(stop)) return stop;
    if (context.stopped()) return stop ?? verified ?? held;
    const fetched = await this.fetch(context);
    const first = stop ?? verified ?? fetched ?? held;
    if (isContact(fetched)) await context.reached();
    if (context.stopped() || endsAll(fetched)) return first;
    if (!fetched && context.knowledge.profile.recheck) this.again = true;
    if (!first && !this.again) await wasFull(context);
    const sent = await this.attachments(counter);
    return first ?? sent ?? (await this.givingWay((signal) => downloadMedia(context, signal)));
  }

  /** A locked phone sends what is sealed to the server. What it may read no more goes at once: nothing that waits needs it. */
  private async sending(context: SendContext): Promise<Stop | null> {
    const { counter } = await context.outbox.place();
    const verified = await verifyLocked(context);
    if ('why' in verified) return verified;
    await context.reached();
    const { stop, held } = await push(context);
    if (verified.revoked) await this.deps.revoked();
    return stop ?? held ?? (await this.attachments(counter));
  }

  /** Last, and giving way to whatever is finished meanwhile, here or in another tab. counter: of finished visits. */
  private async attachments(counter: number): Promise<Stop | null> {
    const { outbox } = this.deps.context;
    const isUrgent = async () => this.again || (await outbox.place()).counter !== counter;
    const send = (signal: AbortSignal) => sendBlobs(this.deps.context, isUrgent, signal);
    const sent = await this.givingWay(send, CHUNK_PATIENCE);
    if (sent !== 'yield') return sent;
    this.again = true;
    return null;
  }

  /** Files may take long: a visit finished meanwhile ends even one under way, and all begins anew. */
  private async givingWay<T>(
    step: (signal: AbortSignal) => Promise<T | null>,
    patience = 0,
  ): Promise<T | null> {
    const giveWay = new AbortController();
    this.giveWay = giveWay;
    this.patience = patience;
    if (this.again) await this.letVisitsPass();
    try {
      return giveWay.signal.aborted ? null : await step(giveWay.signal);
    } finally {
      this.giveWay = null;
      if (giveWay.signal.aborted) this.again = true;
    }
  }

  /** A visit was finished, here or in another tab. */
  async letVisitsPass(): Promise<void> {
    const { giveWay, patience } = this;
    if (!giveWay) return;
    // What can't be looked at now waits its turn.
    const items = await this.deps.context.outbox.all().catch(() => []);
    if (!items.some(({ state }) => state === 'waiting')) return;
    if (patience) this.deps.setTimer(() => giveWay.abort(), patience);
    else giveWay.abort();
  }

  private async fetch(context: SyncContext): Promise<Stop | null> {
    const pulled = await pull(context);
    if ('why' in pulled) return pulled;
    if (context.stopped()) return null;
    return this.givingWay((signal) => downloadForms(context, pulled.catalogue, signal));
  }

  private succeeded(): void {
    this.failures = 0;
    this.deps.show({
      running: false,
      step: 'idle',
      progress: 1,
      error: null,
      online: true,
      loginNeeded: false,
    });
    this.schedule(IDLE);
  }

  private failed({ why, retryAfter }: Stop, error: string): void {
    const refused = why === 'login' || why === 'signature';
    this.deps.show({
      running: false,
      step: 'idle',
      progress: 0,
      error,
      online: why !== 'offline',
      ...(refused ? { loginNeeded: true } : {}),
    });
    const unreached = why === 'offline' || why === 'captive';
    const longest = unreached ? LONGEST_OFFLINE_RETRY : LONGEST_RETRY;
    const backoff = Math.min(longest, FIRST_RETRY * 2 ** this.failures);
    this.failures += 1;
    this.schedule(Math.max(retryAfter, backoff * (0.5 + this.deps.random() / 2)));
  }

  private schedule(ms: number): void {
    this.cancelTimer();
    this.cancelTimer = this.deps.setTimer(() => void this.trigger(), ms);
  }
}

/** What this phone's disk did, by name. */
const storageError = (error: unknown) =>
  error instanceof ClientError && STORAGE.has(error.key) ? error.key : null;

/** Only the server knows that a login has ended. */
const isContact = (fetched: Stop | null) => !fetched || fetched.why === 'login';

function wasFull({ knowledge, net }: SyncContext): Promise<void> {
  return knowledge.setProfile({ lastFull: new Date(net.now()).toISOString() });
}

/** The server knows us and says no: other steps may still be allowed. */
const REFUSALS: readonly Failure[] = ['login', 'signature', 'revoked'];
const endsAll = (stop: Stop | null): boolean => stop !== null && !REFUSALS.includes(stop.why);
