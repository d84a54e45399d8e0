/** Work that waits until the page has nothing more urgent to do. */

/** A page that is never idle does it all the same. */
const LATEST_MS = 300;

export interface IdleWork {
  /** Asks for the work; asked again before it was done, it is done once. */
  ask(): void;
  stop(): void;
}

export function idleWork(work: () => void): IdleWork {
  let pending: number | undefined;
  const run = () => {
    pending = undefined;
    work();
  };
  const known = typeof requestIdleCallback !== 'undefined';
  return {
    ask() {
      pending ??= known
        ? requestIdleCallback(run, { timeout: LATEST_MS })
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
