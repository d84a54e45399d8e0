/** Work that waits until the page has nothing more urgent to do. */

/** A page that is never idle does it all the same. */
const LATEST_MS = 300;

export interface IdleWork {
  /** Asks for the work; asked again before it was done, it is done once. */
  ask(): void;
  stop(): void;
}

/** `latest`: when it is done at the latest, ms. */
export function idleWork(work: () => void, latest = LATEST_MS): IdleWork {
  let pending: number | undefined;
  const run = () => {
    pending = undefined;
    work();
  };
  const known = typeof requestIdleCallback !== 'undefined';
  return {
    ask() {
      pending ??= known
        ? requestIdleCallback(run, { timeout: latest })
        : window.setTimeout(run, 16);
    },
    stop() {
      if (pending === undefined) return;
      if (known) cancelIdleCallback(pending);
      else clearTimeout(pending);
      pending = undefined;
    },
  };
}

/** Work of which some is done in every idle moment and none in any other; where there are no such moments, none is. */
export interface IdleQueue {
  /** Gives what takes the work back. */
  add(work: () => void): () => void;
  stop(): void;
}

export function idleQueue(): IdleQueue {
  const waiting = new Set<() => void>();
  const known = typeof requestIdleCallback !== 'undefined';
  let pending: number | undefined;
  const run = () => {
    const [work] = waiting;
    if (work) waiting.delete(work);
    work?.();
    pending = waiting.size > 0 ? requestIdleCallback(run) : undefined;
  };
  return {
    add(work) {
      if (!known) return () => undefined;
      waiting.add(work);
      pending ??= requestIdleCallback(run);
      return () => void waiting.delete(work);
    },
    stop() {
      waiting.clear();
      if (pending !== undefined) cancelIdleCallback(pending);
    },
  };
}
