/** How a voice is recorded: for how long, how finely, in which container. Pure but for asking the browser what it can. */

/** Seconds. */
export const LONGEST = 180;
/** Leaves room for the container within 500 kB of three minutes. */
const BITS: Record<string, number> = { normal: 20_000, low: 16_000, 'voice-only': 12_000 };
const CONTAINERS = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4'];

/** Bits a second for a question's `quality`. */
export function bitRate(quality: unknown): number {
  return BITS[String(quality)] ?? (BITS.normal as number);
}

/** The first container this browser writes; undefined leaves it the choice. */
export function container(): string | undefined {
  return CONTAINERS.find((type) => MediaRecorder.isTypeSupported(type));
}

/** 75 → 1:15. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** 0..1 from the samples of an analyser, 128 being silence; quiet speech already shows. */
export function loudness(samples: Uint8Array): number {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0);
  return Math.min(1, Math.sqrt(peak / 128));
}

/** What keeps a camera or microphone from being used, as a key of texts under `capture.`. */
export function whyNot(error: unknown): 'denied' | 'absent' | 'busy' {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotFoundError' || name === 'TypeError' ? 'absent' : 'busy';
}
