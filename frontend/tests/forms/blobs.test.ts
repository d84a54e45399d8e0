/** Which attachments a visit's answers name, as the server reads them too: tests/contract/blobs.json. */
import { expect, it } from 'vitest';
import { blobName, blobsOf } from '@/protocol/blobs';
import type { Answers, FormDefinition } from '@/protocol/types';
import { contract } from './contract';

const file = contract<{
  definition: FormDefinition;
  cases: { name: string; answers: Answers; blobs: string[] }[];
}>('blobs');

it.each(file.cases)('$name', ({ answers, blobs }) => {
  expect(blobsOf(file.definition, answers)).toEqual(blobs);
});

it('says the kind in the name, and knows what it doesn’t know', () => {
  const sha = 'a'.repeat(64);
  expect(blobName(sha, 'IMAGE/JPEG')).toBe(`${sha}.jpg`);
  expect(blobName(sha, 'audio/webm; codecs=opus')).toBe(`${sha}.weba`);
  expect(blobName(sha, 'text/html')).toBe(`${sha}.bin`);
  expect(blobName(sha, '')).toBe(`${sha}.bin`);
});
