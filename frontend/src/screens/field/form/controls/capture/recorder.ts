/** A voice being recorded: how long, how loud, how many bytes; it stops by itself before it is too large. */
import { onBeforeUnmount, ref } from 'vue';
import { joined } from './metadata';
import { container, LONGEST, loudness } from './recording';

const TICK_MS = 200;

export interface Recording {
  bytes: Uint8Array;
  type: string;
}

/** `largest`: bytes at which it stops. `onEnd` is given what was recorded, however it ended. */
export function useRecorder(largest: number, onEnd: (recording: Recording) => void) {
  const running = ref(false);
  const seconds = ref(0);
  const level = ref(0);
  let recorder: MediaRecorder | null = null;
  let context: AudioContext | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  let isLeft = false;

  function stop(): void {
    if (recorder && recorder.state !== 'inactive') recorder.stop();
  }

  /** Throws what the browser throws when there is no microphone or it may not be used, or the question was left meanwhile. */
  async function start(bits: number): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    try {
      // Nobody would see that it listens.
      if (isLeft) throw new DOMException('the question was left', 'AbortError');
      record(stream, bits);
      follow(stream);
    } catch (error) {
      release(stream);
      throw error;
    }
  }

  function record(stream: MediaStream, bits: number): void {
    const type = container();
    const made = new MediaRecorder(stream, {
      ...(type ? { mimeType: type } : {}),
      audioBitsPerSecond: bits,
    });
    const parts: Blob[] = [];
    made.ondataavailable = ({ data }) => {
      parts.push(data);
      if (parts.reduce((total, part) => total + part.size, 0) > largest) stop();
    };
    made.onstop = () => void finish(stream, parts, made.mimeType);
    made.start(1000);
    recorder = made;
    running.value = true;
  }

  function follow(stream: MediaStream): void {
    const began = performance.now();
    context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples);
      level.value = loudness(samples);
      seconds.value = (performance.now() - began) / 1000;
      if (seconds.value >= LONGEST) stop();
    }, TICK_MS);
  }

  function release(stream: MediaStream): void {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    void context?.close();
    context = null;
    running.value = false;
  }

  async function finish(stream: MediaStream, parts: Blob[], type: string): Promise<void> {
    release(stream);
    const buffers = await Promise.all(parts.map((part) => part.arrayBuffer()));
    onEnd({ bytes: joined(buffers.map((buffer) => new Uint8Array(buffer))), type });
  }

  // Somebody who goes on to the next question keeps what was said so far.
  onBeforeUnmount(() => {
    isLeft = true;
    stop();
  });
  return { running, seconds, level, start, stop };
}
