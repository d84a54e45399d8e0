/** How far the photos and recordings of a visit are on their way, as a list of visits shows it. Pure, but for `Transfer`. */
import type { Attached } from '@/protocol/types';
import { type BlobHead, isUnsent } from './blobs';

/** What is known of sending since the phone was opened; the server knows better after a restart. */
export class Transfer {
  /** Bytes in the next chunk: as many as the line has lately borne; and no more than this, for now. */
  chunk = 16 * 1024;
  ceiling = Number.POSITIVE_INFINITY;
  /** Chunks in a row that got through. */
  streak = 0;
  /** Bytes of an attachment that have arrived, by hash. */
  readonly arrived = new Map<string, number>();
  /** Not on this phone, but with the server: a picture that a correction kept. */
  readonly known = new Set<string>();
  /** Neither here nor there. */
  readonly lost = new Set<string>();
  /** Refused; not tried again until the phone is next opened. */
  readonly refused = new Set<string>();
}

/** shas: what the visit names. Null if that is nothing. */
export function attachedTo(
  shas: readonly string[],
  heads: readonly BlobHead[],
  transfer: Transfer,
): Attached | null {
  if (!shas.length) return null;
  const own = new Map(heads.map((head) => [head.sha, head]));
  const parts = shas.map((sha) => partOf(own.get(sha), sha, transfer));
  const problem = shas.map((sha) => problemOf(own.get(sha), sha, transfer)).find((why) => why);
  return {
    total: shas.length,
    sent: parts.filter((part) => part === 1).length,
    part: parts.reduce((sum, part) => sum + part, 0) / shas.length,
    problem: problem ?? null,
  };
}

function partOf(head: BlobHead | undefined, sha: string, transfer: Transfer): number {
  if (!head) return transfer.lost.has(sha) ? 0 : 1;
  if (!isUnsent(head)) return 1;
  // Never quite all of it: only an answer says that it is whole.
  return Math.min(0.99, (transfer.arrived.get(sha) ?? 0) / head.size);
}

function problemOf(head: BlobHead | undefined, sha: string, transfer: Transfer): string | null {
  if (head) return isUnsent(head) ? head.why : null;
  return transfer.lost.has(sha) ? 'lost' : null;
}
