/** What the steps of a sync share: the stores of an open phone, the network, and a way to say how it goes. */
import type { DraftMeta, SyncState } from '@/protocol/types';
import type { Base } from '@/store/base';
import type { Blobs } from '@/store/blobs';
import type { Named } from '@/store/items';
import type { Outbox, OutboxRecord } from '@/store/outbox';
import type { Knowledge } from '@/store/phone';
import type { Transfer } from '@/store/transfer';
import type { Credentials, Failure, Net, Result } from './http';

export interface SyncContext {
  net: Net;
  device: Credentials;
  outbox: Outbox;
  blobs: Blobs;
  transfer: Transfer;
  /** The attachments that finished visits name. */
  named(): Named;
  base: Base;
  knowledge: Knowledge;
  /** The data key in use; items sealed by another are not ours to send or ask about. */
  vault: string;
  /** Forms needed beside the current ones: of drafts and of visits that came back. */
  olderForms(): { id: string; version: string }[];
  /** The body of a finished visit; null if this phone can't open it (another data key, damage). */
  body(record: OutboxRecord): Promise<string | null>;
  drafts(): DraftMeta[];
  removeDraft(id: string): Promise<void>;
  /** Lets go of drafts, acknowledged visits and photos about entities that were erased. */
  forget(entities: readonly string[]): Promise<void>;
  /** Empties visits that the server refused because of whom they are about. */
  hollow(visits: readonly string[]): Promise<void>;
  report(change: Partial<Pick<SyncState, 'progress' | 'step' | 'unsent'>>): void;
  changed(what: 'outbox' | 'registry' | 'catalogue' | 'files'): Promise<void>;
  /** The phone was locked meanwhile: begin nothing more. */
  stopped(): boolean;
}

/** Why a step ended early; retryAfter in ms as the server wished, 0 if it didn't say. */
export interface Stop {
  why: Failure;
  retryAfter: number;
}

/** null: done. */
export type Step = Stop | null;

export function stopOf(result: Extract<Result<unknown>, { ok: false }>): Stop {
  return { why: result.why, retryAfter: result.retryAfter };
}
