/** Reading aloud with the phone's own voice. The engine is the phone's: a double stands for it, for none is here. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { type Speech, useSpeech } from './speech';

interface Said {
  text: string;
  lang: string;
  rate: number;
  onend?: () => void;
}

class Engine extends EventTarget {
  voices: { lang: string; localService: boolean }[] = [];
  said: Said[] = [];
  getVoices = () => this.voices;
  speak = (one: Said) => void this.said.push(one);
  cancel = vi.fn();
  pause = vi.fn();
  resume = vi.fn();
}

const scope = effectScope();
let engine: Engine;

function speechOf(...voices: Engine['voices']): Speech {
  engine.voices = voices;
  return scope.run(() => useSpeech(() => 'zh', engine as never)) as Speech;
}

beforeEach(() => {
  engine = new Engine();
  vi.stubGlobal(
    'SpeechSynthesisUtterance',
    class {
      constructor(readonly text: string) {}
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

it('is not offered without a Chinese voice of the phone itself', () => {
  expect(speechOf().possible.value).toBe(false);
  expect(speechOf({ lang: 'en-US', localService: true }).possible.value).toBe(false);
  expect(speechOf({ lang: 'zh-CN', localService: false }).possible.value).toBe(false);
});

it('is offered once a voice has arrived', () => {
  const speech = speechOf();
  engine.voices = [{ lang: 'zh_CN', localService: true }];
  engine.dispatchEvent(new Event('voiceschanged'));
  expect(speech.possible.value).toBe(true);
});

it('speaks, pauses, goes on, and falls silent at the end', () => {
  const speech = speechOf({ lang: 'zh-CN', localService: true });
  speech.speak('我们会记下什么', 0.7);
  expect(engine.said).toMatchObject([{ text: '我们会记下什么', lang: 'zh-CN', rate: 0.7 }]);
  expect(speech.state.value).toBe('speaking');
  speech.pause();
  expect(speech.state.value).toBe('paused');
  speech.resume();
  expect(speech.state.value).toBe('speaking');
  engine.said[0]?.onend?.();
  expect(speech.state.value).toBe('silent');
});

it('falls silent when the notice is closed', () => {
  const speech = speechOf({ lang: 'zh-CN', localService: true });
  speech.speak('甲', 1);
  speech.stop();
  expect(engine.cancel).toHaveBeenCalled();
  expect(speech.state.value).toBe('silent');
});
