import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDraftSaver, DRAFT_DELAY_MS } from './saver';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('somebody who types on and on is saved all the same', async () => {
  const write = vi.fn(async () => {});
  const saver = createDraftSaver(write);
  for (let key = 0; key < 10; key += 1) {
    saver.touch();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(write.mock.calls.length).toBeGreaterThanOrEqual(3);
});

test('an answer is on disk within 300 ms', async () => {
  expect(DRAFT_DELAY_MS).toBeLessThanOrEqual(300);
  const write = vi.fn(async () => {});
  const saver = createDraftSaver(write);
  saver.touch();
  await vi.advanceTimersByTimeAsync(300);
  expect(write).toHaveBeenCalledTimes(1);
  expect(saver.state.value).toBe('saved');
});

test('two writes never overlap, and the last one holds the last answer', async () => {
  let running = 0;
  let answer = 'a';
  const written: string[] = [];
  const saver = createDraftSaver(async () => {
    running += 1;
    expect(running).toBe(1);
    const seen = answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
    written.push(seen);
    running -= 1;
  });
  saver.touch();
  void saver.flush();
  await vi.advanceTimersByTimeAsync(10);
  answer = 'b';
  saver.touch();
  void saver.flush();
  await vi.advanceTimersByTimeAsync(2000);
  expect(written).toEqual(['a', 'b']);
});

test('a write that fails says so, and trying again saves', async () => {
  let full = true;
  const saver = createDraftSaver(async () => {
    if (full) throw new Error('quota');
  });
  saver.touch();
  await vi.advanceTimersByTimeAsync(300);
  expect(saver.state.value).toBe('failed');
  full = false;
  await saver.flush();
  expect(saver.state.value).toBe('saved');
});

test('after the visit is finished nothing brings its draft back', async () => {
  const write = vi.fn(async () => {});
  const saver = createDraftSaver(write);
  saver.touch();
  await saver.stop();
  await saver.flush();
  await vi.advanceTimersByTimeAsync(1000);
  expect(write).not.toHaveBeenCalled();
});
