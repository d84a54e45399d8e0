/**
 * Attachments by name: a photo, a signature or a recording is answered by `<SHA-256 of its bytes>.<extension>`, so the name
 * says what it must contain. The server reads the same in fieldapp/forms/blobs.py; cases in tests/contract/blobs.json. Pure.
 */
import type { Answers, AnswerValue, FormDefinition } from './types';

const NAME = /^([0-9a-f]{64})\.[a-z0-9]{1,8}$/;

/** Of what a phone captures or a person picks; anything else is `bin`, which no screen shows in place. */
const EXTENSIONS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'audio/webm': 'weba',
  'audio/ogg': 'ogg',
  'audio/mp4': 'm4a',
  'audio/x-m4a': 'm4a',
  'audio/aac': 'aac',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/amr': 'amr',
  'video/webm': 'webm',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'video/quicktime': 'mov',
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

/** The name of bytes with this hash. type: a MIME type, its parameters ignored. */
export function blobName(sha: string, type: string): string {
  const plain = type.split(';')[0]?.trim().toLowerCase() ?? '';
  return `${sha}.${EXTENSIONS[plain] ?? 'bin'}`;
}

/** The hash in a name; null if it is none. */
export function hashOf(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null;
}

/** The hashes of every attachment the answers name, each once, as the form has them. */
export function blobsOf(def: FormDefinition, answers: Answers): string[] {
  const named = def.nodes.flatMap((node, number) =>
    node.k === 'leaf' && node.t === 'binary' ? valuesAt(answers, pathOf(def, number)) : [],
  );
  return [...new Set(named.flatMap((name) => hashOf(name) ?? []))];
}

/** Names from below the root down to the node. */
function pathOf(def: FormDefinition, number: number): string[] {
  const path: string[] = [];
  for (let at = number; at > 0; ) {
    const node = def.nodes[at];
    if (!node) break;
    path.unshift(node.n);
    at = node.p;
  }
  return path;
}

/** Texts at a path, through every instance of the repeats on the way. */
function valuesAt(value: AnswerValue | undefined, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((instance) => valuesAt(instance, path));
  const [name, ...rest] = path;
  if (name === undefined) return typeof value === 'string' ? [value] : [];
  return typeof value === 'object' ? valuesAt(value[name], rest) : [];
}
