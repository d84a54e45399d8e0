/** The phone on the table: when it locks itself, and when it doesn't. */
import { expect, test, vi } from 'vitest';
import { AT_WORK, onAbsence, onHope } from './triggers';

class Page extends EventTarget {
  visibilityState = 'visible';
  turn(state: 'visible' | 'hidden') {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function watched() {
  vi.useFakeTimers();
  const page = new Page();
  const locked = vi.fn();
  const stop = onAbsence(
    page,
    () => Date.now(),
    (fn, ms) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
    locked,
  );
  return { page, locked, stop };
}

test('王芳 puts the phone down: after five minutes it is locked', () => {
  const { page, locked, stop } = watched();
  vi.advanceTimersByTime(4 * 60_000);
  page.dispatchEvent(new Event('pointerdown'));
  vi.advanceTimersByTime(4 * 60_000);
  expect(locked).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(locked).toHaveBeenCalledTimes(1);
  stop();
});

test('a short call doesn’t lock it, a long one does', () => {
  const { page, locked, stop } = watched();
  page.turn('hidden');
  vi.setSystemTime(Date.now() + 60_000);
  page.turn('visible');
  expect(locked).not.toHaveBeenCalled();
  page.turn('hidden');
  vi.setSystemTime(Date.now() + 121_000);
  page.turn('visible');
  expect(locked).toHaveBeenCalledTimes(1);
  stop();
});

test('a walk that takes its points by itself keeps it open, though not for ever', () => {
  const { page, locked, stop } = watched();
  const walk = (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      vi.advanceTimersByTime(60_000);
      page.dispatchEvent(new Event(AT_WORK));
    }
  };
  walk(29);
  expect(locked).not.toHaveBeenCalled();
  walk(10);
  expect(locked).toHaveBeenCalled();
  stop();
});

test('once stopped nobody listens', () => {
  const { page, locked, stop } = watched();
  stop();
  vi.advanceTimersByTime(3_600_000);
  page.turn('hidden');
  expect(locked).not.toHaveBeenCalled();
});

test('network and coming to the front give hope', () => {
  const [page, window, hope] = [new Page(), new EventTarget(), vi.fn()];
  const stop = onHope(window, page, hope);
  window.dispatchEvent(new Event('online'));
  page.turn('hidden');
  page.turn('visible');
  expect(hope).toHaveBeenCalledTimes(2);
  stop();
});
