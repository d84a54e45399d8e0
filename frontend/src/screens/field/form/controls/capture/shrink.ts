/** Makes a picture of any kind a small JPEG that carries nothing but the picture. Runs on the page and in a worker. */
import { withoutMetadata } from './metadata';
import { firstAttempt, type Limit, nextAttempt, type Size } from './sizing';
import { Unreadable } from './unreadable';

type Canvas = OffscreenCanvas | HTMLCanvasElement;

function canvasOf({ width, height }: Size): Canvas {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}

async function encoded(canvas: Canvas, quality: number): Promise<Uint8Array> {
  const blob =
    'convertToBlob' in canvas
      ? await canvas.convertToBlob({ type: 'image/jpeg', quality })
      : await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality));
  if (!blob) throw new Unreadable('the canvas gave no picture');
  return withoutMetadata(new Uint8Array(await blob.arrayBuffer()));
}

function drawn(picture: CanvasImageSource, size: Size): Canvas {
  const canvas = canvasOf(size);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | null;
  if (!context) throw new Unreadable('no canvas');
  // What was transparent is paper.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, size.width, size.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, size.width, size.height);
  return canvas;
}

/** The decoder turns the picture the way it was held. */
async function decoded(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Unreadable('not a picture this browser knows');
  }
}

/** The largest and best JPEG within the limit. `step` is told each time something was done. Throws Unreadable. */
export async function shrink(file: Blob, limit: Limit, step: () => void): Promise<Uint8Array> {
  const picture = await decoded(file);
  step();
  try {
    return await smallEnough(picture, limit, step);
  } finally {
    picture.close();
  }
}

async function smallEnough(
  picture: ImageBitmap,
  limit: Limit,
  step: () => void,
): Promise<Uint8Array> {
  let attempt = firstAttempt(picture, limit);
  let canvas = drawn(picture, attempt);
  for (;;) {
    const bytes = await encoded(canvas, attempt.quality);
    step();
    const next = nextAttempt(attempt, bytes.length, limit);
    if (!next) return bytes;
    if (next.width !== attempt.width) canvas = drawn(picture, next);
    attempt = next;
  }
}
