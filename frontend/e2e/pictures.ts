/** Photos as a phone's camera makes them: large, detailed, turned by EXIF, and telling where they were taken. */

import type { Page } from '@playwright/test';

/** Orientation of a phone held upright: the picture is to be turned a quarter to the right. */
const TURNED = 6;
const [SHORT, LONG, RATIONAL, ASCII] = [3, 4, 5, 2];

interface Field {
  tag: number;
  type: number;
  count: number;
  value: number | Buffer;
}

/** A JPEG of noise with orientation, maker and position in its EXIF. Noise is what compresses worst. */
export async function cameraPhoto(page: Page, width: number, height: number): Promise<Buffer> {
  const plain = await page.evaluate(
    async ([w, h]) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
      const context = canvas.getContext('2d');
      if (!context) throw new Error('no canvas');
      const image = context.createImageData(w, h);
      for (let i = 0; i < image.data.length; i += 1) {
        image.data[i] = i % 4 === 3 ? 255 : Math.floor(Math.random() * 256);
      }
      context.putImageData(image, 0, 0);
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
      const bytes = new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0));
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    },
    [width, height] as const,
  );
  const jpeg = Buffer.from(plain, 'base64');
  return Buffer.concat([jpeg.subarray(0, 2), exif(), jpeg.subarray(2)]);
}

/** Whether bytes carry EXIF or name the phone that made them. */
export function tellsOfItself(bytes: Buffer): boolean {
  return ['Exif', 'GPS', MAKER, 'http://ns.adobe.com/xap'].some((mark) => bytes.includes(mark));
}

const MAKER = 'Fictional Phone 7\0';

/** An APP1 segment: IFD0 with maker and orientation, a GPS IFD with 36°6′N 120°18′E. */
function exif(): Buffer {
  const main: Field[] = [
    { tag: 0x010f, type: ASCII, count: MAKER.length, value: Buffer.from(MAKER) },
    { tag: 0x0112, type: SHORT, count: 1, value: TURNED },
  ];
  const gps: Field[] = [
    { tag: 1, type: ASCII, count: 2, value: 0x4e },
    { tag: 2, type: RATIONAL, count: 3, value: degrees(36, 6) },
    { tag: 3, type: ASCII, count: 2, value: 0x45 },
    { tag: 4, type: RATIONAL, count: 3, value: degrees(120, 18) },
  ];
  const head = Buffer.from('II*\0\x08\0\0\0', 'latin1');
  const after = head.length + directory([...main, pointer(0)], 8).length;
  const tiff = Buffer.concat([
    head,
    directory([...main, pointer(after)], 8),
    directory(gps, after),
  ]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(tiff.length + 8);
  return Buffer.concat([Buffer.from([0xff, 0xe1]), length, Buffer.from('Exif\0\0'), tiff]);
}

const pointer = (at: number): Field => ({ tag: 0x8825, type: LONG, count: 1, value: at });

function degrees(whole: number, minutes: number): Buffer {
  const numbers = [whole, 1, minutes, 1, 0, 1];
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, at) => void bytes.writeUInt32LE(number, at * 4));
  return bytes;
}

/** An image file directory at an offset, its longer values behind it. */
function directory(fields: Field[], offset: number): Buffer {
  const table = Buffer.alloc(2 + fields.length * 12 + 4);
  table.writeUInt16LE(fields.length);
  const behind: Buffer[] = [];
  let next = offset + table.length;
  fields.forEach(({ tag, type, count, value }, at) => {
    const row = 2 + at * 12;
    table.writeUInt16LE(tag, row);
    table.writeUInt16LE(type, row + 2);
    table.writeUInt32LE(count, row + 4);
    table.writeUInt32LE(typeof value === 'number' ? value : next, row + 8);
    if (typeof value !== 'number') {
      behind.push(value);
      next += value.length;
    }
  });
  return Buffer.concat([table, ...behind]);
}
