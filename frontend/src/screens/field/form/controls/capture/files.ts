/** What files are kept, how large they may be, and what they are called. Pure. */

/** Bytes. */
export const LARGEST = { audio: 500_000, video: 5_000_000, file: 5_000_000 } as const;
export type FileKind = keyof typeof LARGEST;

/** `audio/webm;codecs=opus` → `audio/webm`. */
export const plainType = (type: string): string =>
  type.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';

/** How much that is, for a person: 84 kB, 1.2 MB. */
export function amount(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What a file input accepts, from a question's `mime`; blank for everything. */
export const acceptOf = (mime: string | undefined): string =>
  !mime || mime === '*/*' || mime === 'application/*' ? '' : mime;

/** Whether a file is what the question asks for: by its type, or by the end of its name. */
export function isAccepted(accept: string, file: { type: string; name: string }): boolean {
  const wanted = accept.split(',').map((one) => one.trim().toLowerCase());
  const type = plainType(file.type);
  return (
    !accept ||
    wanted.some((one) =>
      one.startsWith('.')
        ? file.name.toLowerCase().endsWith(one)
        : one.endsWith('/*')
          ? type.startsWith(one.slice(0, -1))
          : type === one,
    )
  );
}
