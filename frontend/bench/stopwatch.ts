/**
 * The stopwatch in the page, the same for every engine. It knows selectors and no engine.
 *
 *     await page.evaluate(installStopwatch);
 *     await page.evaluate((asked) => window.stopwatch.open(asked), { button, first, last });
 */

export interface Opening {
  /** What a person taps. */
  button: string;
  /** The field of the first question, and something of the last. */
  first: string;
  last: string;
}

export interface Answering {
  /** What is tapped, or a field to write `text` into. */
  target: string;
  text?: string;
  /** The engine looks at a number only when its field is left. */
  leave?: boolean;
  /** What must be on screen, and the words in it, for the answer to be settled. */
  shows: string;
  words?: string;
}

export interface Opened {
  /** From the tap until the first question takes the focus and was drawn. */
  open: number;
  /** From the tap until every question is in the document. */
  whole: number;
  /** The longest that the page could not answer a touch while it opened. */
  blocked: number;
}

export interface Settled {
  /** From the answer until what depends on it was in the document and laid out, in the frame that shows it. */
  ready: number;
  /** From the answer until the page was through with that frame: painted, and handed over to be shown. */
  settled: number;
}

export interface Stopwatch {
  open(asked: Opening): Promise<Opened>;
  settle(asked: Answering): Promise<Settled>;
  until(selector: string): Promise<void>;
  /** Resolves when the page has nothing left to do. */
  rest(): Promise<void>;
  /** The longest task while `act` is carried out and until the page rests. */
  longest(act: () => unknown): Promise<number>;
}

declare global {
  interface Window {
    stopwatch: Stopwatch;
  }
}

/** Runs in the page; so everything it needs is inside. */
export function installStopwatch(): void {
  /** After a frame in which nothing changed the browser waits for the screen; a page that never rests has no such pause. */
  const restless = async <T>(work: () => Promise<T>): Promise<T> => {
    const dot = document.createElement('i');
    Object.assign(dot.style, {
      position: 'fixed',
      left: '0',
      top: '0',
      width: '1px',
      height: '1px',
    });
    dot.style.willChange = 'transform';
    document.body.append(dot);
    let on = true;
    let at = 0;
    const move = () => {
      at = 1 - at;
      dot.style.transform = `translateX(${at}px)`;
      if (on) requestAnimationFrame(move);
    };
    move();
    await drawn();
    try {
      return await work();
    } finally {
      on = false;
      dot.remove();
    }
  };
  const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
  const drawn = async () => {
    await frame();
    await frame();
  };
  /** Resolves in a task of its own; asked for in a frame, when all work on that frame is done. */
  const task = () =>
    new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    });
  const find = (selector: string) => document.querySelector<HTMLElement>(selector);
  const isShown = (selector: string, words = '') => {
    const element = find(selector);
    if (!element || element.getClientRects().length === 0) return false;
    return words === '' || (element.textContent ?? '').includes(words);
  };
  const takesFocus = (selector: string) => {
    if (!isShown(selector)) return false;
    const element = find(selector);
    element?.focus({ preventScroll: true });
    return document.activeElement === element;
  };
  const until = async (holds: () => boolean) => {
    const end = performance.now() + 60_000;
    while (!holds()) {
      if (performance.now() > end) throw new Error('nothing happened for a minute');
      await frame();
    }
  };
  /** An idle moment longer than a frame comes only when no frame is asked for; the browser may go on with empty ones. */
  const rest = async () => {
    const end = performance.now() + 10_000;
    for (let quiet = 0; quiet < 3 && performance.now() < end; ) {
      const left = await new Promise<number>((resolve) =>
        requestIdleCallback((deadline) => resolve(deadline.timeRemaining()), { timeout: 1_000 }),
      );
      quiet = left > 17 ? quiet + 1 : 0;
    }
  };
  const longest = async (act: () => unknown) => {
    let most = 0;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) most = Math.max(most, entry.duration);
    });
    observer.observe({ type: 'longtask' });
    await act();
    await rest();
    for (const entry of observer.takeRecords()) most = Math.max(most, entry.duration);
    observer.disconnect();
    return most;
  };
  const act = ({ target, text, leave }: Answering) => {
    const element = find(target);
    if (!element) throw new Error(`there is no ${target}`);
    // Nobody answers what is out of sight, and a browser leaves out of a frame what is far from it.
    element.scrollIntoView({ block: 'center' });
    if (text === undefined || !(element instanceof HTMLInputElement)) return () => element.click();
    element.focus({ preventScroll: true });
    return () => {
      element.value = text;
      element.dispatchEvent(new InputEvent('input', { bubbles: true, data: text }));
      element.dispatchEvent(new Event('change', { bubbles: true }));
      if (leave) element.blur();
    };
  };
  window.stopwatch = {
    rest,
    longest,
    until: (selector) => until(() => isShown(selector)),
    async open({ button, first, last }) {
      const found = { open: 0, whole: 0, blocked: 0 };
      const element = find(button);
      if (!element) throw new Error(`there is no ${button}`);
      found.blocked = await longest(async () => {
        let start = 0;
        await restless(async () => {
          start = performance.now();
          element.click();
          await until(() => takesFocus(first));
          await drawn();
          found.open = performance.now() - start;
        });
        await until(() => find(last) !== null);
        await drawn();
        found.whole = performance.now() - start;
      });
      return found;
    },
    async settle(asked) {
      const answer = act(asked);
      await rest();
      return restless(async () => {
        // A touch comes between two frames; one begun would be counted as the answer's.
        await task();
        const start = performance.now();
        answer();
        await frame();
        await until(() => isShown(asked.shows, asked.words));
        const ready = performance.now() - start;
        await task();
        return { ready, settled: performance.now() - start };
      });
    },
  };
}
