/** The phone's pending submissions as writes over the base copy, in the order they were finished. Pure. Rule C2. */
import type { LiveValue, Op, Scope, Submission } from '@/protocol/types';
import type { Overlay } from './view';

/** A finished visit that the base copy doesn't speak for yet. */
export interface Pending {
  scope: Scope;
  author: string;
  submission: Submission;
}

interface Growing extends Overlay {
  created: boolean;
  superseded: Set<string>;
  ops: string[];
}

/**
 * Overlays by entity. An entity that is neither in the base nor begun by a pending visit has none: what left this
 * phone's areas must not come back in pieces.
 */
export function overlaysOf(
  pending: readonly Pending[],
  inBase: (entity: string) => boolean,
): Map<string, Overlay> {
  const growing = new Map<string, Growing>();
  for (const { submission, author } of pending) {
    for (const { e, t, new: created } of submission.entities) {
      const before = growing.get(e) ?? begin(t, submission.area);
      growing.set(e, { ...before, created: before.created || created });
    }
    const at = utc(submission.at);
    submission.ops.forEach((op, i) => {
      const overlay = growing.get(op.e);
      if (overlay)
        add(overlay, op, { dot: `${submission.id}:${i}`, on: submission.on, at, by: author });
    });
  }
  const overlays = new Map<string, Overlay>();
  for (const [id, overlay] of growing) {
    if (!overlay.ops.length || !(overlay.created || inBase(id))) continue;
    overlays.set(id, { ...overlay, signature: overlay.ops.join() });
  }
  return overlays;
}

function begin(type: string, area: string): Growing {
  const nothing = { writes: {}, superseded: new Set<string>(), ops: [], signature: '' };
  return { type, areas: [area], created: false, ...nothing };
}

function add(overlay: Growing, op: Op, value: Omit<LiveValue, 'v'>): void {
  overlay.writes[op.r] = [...(overlay.writes[op.r] ?? []), { v: op.v, ...value }];
  for (const dot of op.sup) overlay.superseded.add(dot);
  overlay.ops.push(value.dot);
}

/** Moments of the server are UTC; the worker's own carry an offset. They must sort together. */
function utc(at: string): string {
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? at : moment.toISOString();
}
