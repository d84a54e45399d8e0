/** Reading aloud by the phone's own speech engine: nothing leaves the phone, and nobody has to use it. */
import { onScopeDispose, type ShallowRef, shallowRef } from 'vue';

export type Speaking = 'silent' | 'speaking' | 'paused';
export interface Speech {
  /** Whether the phone has a voice of its own for the language; voices may arrive late. */
  readonly possible: ShallowRef<boolean>;
  readonly state: ShallowRef<Speaking>;
  speak(text: string, rate: number): void;
  pause(): void;
  resume(): void;
  stop(): void;
}

/** A voice of the phone itself: one that sends the text to a service is none. */
function voiceFor(synth: SpeechSynthesis, lang: string): SpeechSynthesisVoice | undefined {
  const fits = ({ lang: spoken }: SpeechSynthesisVoice) =>
    spoken.replace('_', '-').toLowerCase().startsWith(lang);
  return synth.getVoices().find((voice) => voice.localService && fits(voice));
}

/** `lang`: `zh` or `en`. */
export function useSpeech(lang: () => string, synth = globalThis.speechSynthesis): Speech {
  const possible = shallowRef(false);
  const state = shallowRef<Speaking>('silent');
  const look = () => {
    possible.value = Boolean(synth && voiceFor(synth, lang()));
  };
  look();
  synth?.addEventListener?.('voiceschanged', look);
  const stop = () => {
    synth?.cancel();
    state.value = 'silent';
  };
  onScopeDispose(() => {
    synth?.removeEventListener?.('voiceschanged', look);
    stop();
  });
  return {
    possible,
    state,
    speak(text, rate) {
      const voice = voiceFor(synth, lang());
      if (!voice) return;
      stop();
      const said = new SpeechSynthesisUtterance(text);
      Object.assign(said, { voice, lang: voice.lang, rate });
      const end = () => {
        state.value = 'silent';
      };
      said.onend = end;
      said.onerror = end;
      state.value = 'speaking';
      synth.speak(said);
    },
    pause() {
      synth.pause();
      state.value = 'paused';
    },
    resume() {
      synth.resume();
      state.value = 'speaking';
    },
    stop,
  };
}
