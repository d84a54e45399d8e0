/** What the steps of a sync share: the stores of an open phone, the network, and a way to say how it goes. */
import type { Bytes } from '@/crypto/bytes';
import type { DraftMeta, Scope, SyncState } from '@/protocol/types';
import type { PushItem } from '@/protocol/wire';
import type { Base } from '@/store/base';
import type { BlobRecord, Blobs } from '@/store/blobs';
import type { Named } from '@/store/items';
import type { Outbox, OutboxRecord } from '@/store/outbox';
import type { Knowledge, Terms } from '@/store/phone';
import type { Transfer } from '@/store/transfer';
import type { Credentials, Failure, Net, Result } from './http';

/** What sending needs: also a locked phone, and one whose data key is gone, has it. */
export interface SendContext {
  net: Net;
  device: Credentials;
  outbox: Outbox;
  blobs: Pick<Blobs, 'heads' | 'shelf'>;
  transfer: Transfer;
  /** The attachments that finished visits name. */
  named(): Named;
  /** Whether it is this phone's to send or to ask about: it can be opened here, or by the server in this person's name. */
  isMine(one: { vault: string; post?: ArrayBuffer; user?: string }): boolean;
  /** A finished visit as it is sent; null if it can neither be opened here (another data key, damage) nor by the server. */
  item(record: OutboxRecord): Promise<PushItem | null>;
  /** The bytes of an attachment as they are sent, and of those sealed to the server the sealed key; null: damaged. */
  bytes(record: BlobRecord): Promise<{ bytes: Bytes; sealed?: string } | null>;
  /** Empties visits that the server refused because of whom they are about; a locked phone does so when it is opened. */
  hollow(visits: readonly string[]): Promise<void>;
  report(change: Partial<Pick<SyncState, 'progress' | 'step' | 'unsent'>>): void;
  changed(what: 'outbox' | 'registry' | 'catalogue' | 'files'): Promise<void>;
  /** The server knows this phone, and answered. */
  reached(): Promise<void>;
  /** The phone was locked, or opened, meanwhile: begin nothing more. */
  stopped(): boolean;
}

/** Of an open phone. */
export interface SyncContext extends SendContext {
  base: Base;
  knowledge: Knowledge;
  /** Id of the terms it works on; blank: none yet. */
  terms(): string;
  takeTerms(terms: Terms): Promise<void>;
  /** Forms needed beside the current ones: of drafts and of visits that came back. */
  olderForms(): { id: string; version: string }[];
  drafts(): DraftMeta[];
  /** Unless somebody went on with it since, here or in another tab. */
  removeUntouched(draft: DraftMeta): Promise<void>;
  /** How many finished visits of each scope the server doesn't have. */
  waiting(): Record<Scope, number>;
  /** Lets go of drafts, acknowledged visits and photos about entities that were erased. */
  forget(entities: readonly string[]): Promise<void>;
}

export const isOpen = (context: SendContext): context is SyncContext => 'knowledge' in context;

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
