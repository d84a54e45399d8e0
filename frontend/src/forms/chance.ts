/** The order that randomize() gives, the same in every engine that is given the same seed. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { toNumber, toText, type Value } from './values';

const LARGEST = 2_147_483_647;
const LONG = 2 ** 63;

/** A number as Java's 64-bit integer. */
function long(number: number): bigint {
  if (number >= LONG) return 2n ** 63n - 1n;
  return BigInt(Math.trunc(Math.max(-LONG, number)));
}

/** A seed as JavaRosa reads it: a number cut to a whole one, blank 0, other text by its SHA-256; within the generator. */
export function seedOf(value: Value): number {
  const number = toNumber(value);
  if (!Number.isNaN(number)) {
    return Number(long(number) % BigInt(LARGEST));
  }
  const text = toText(value);
  if (text === '') return 0;
  const view = new DataView(sha256(utf8ToBytes(text)).buffer);
  return Number(view.getBigInt64(0) % BigInt(LARGEST));
}

/** A seed nobody chose. */
export const anySeed = (random: () => number): number => Math.floor(random() * LARGEST);

/** Park and Miller's generator, Fisher and Yates' shuffle. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  let state = seed > 0 ? seed : seed + LARGEST - 1;
  const found: T[] = [];
  values.forEach((value, i) => {
    state = (state * 16_807) % LARGEST;
    const j = Math.floor(((state - 1) / (LARGEST - 1)) * (i + 1));
    found.push(value);
    found[i] = found[j] as T;
    found[j] = value;
  });
  return found;
}
