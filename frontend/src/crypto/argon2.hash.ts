/** One Argon2id hash: by WebAssembly, or by script where the page may not compile it. hash-wasm is small and has no dependency. */
import { argon2idAsync } from '@noble/hashes/argon2.js';
import { argon2id } from 'hash-wasm';
import type { Asked } from './argon2';
import type { Bytes } from './bytes';

const LENGTH = 32;

export async function hash({ secret, salt, memory, passes, lanes }: Asked): Promise<Bytes> {
  try {
    const found = await argon2id({
      ...{ password: secret, salt, memorySize: memory, iterations: passes, parallelism: lanes },
      ...{ hashLength: LENGTH, outputType: 'binary' },
    });
    return new Uint8Array(found);
  } catch {
    const cost = { m: memory, t: passes, p: lanes, dkLen: LENGTH };
    return new Uint8Array(await argon2idAsync(secret, salt, cost));
  }
}
