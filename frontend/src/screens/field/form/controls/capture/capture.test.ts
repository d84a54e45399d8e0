/** Small decisions of the controls that take something: which file is right, how loud, which way, what went wrong. */
import { expect, test } from 'vitest';
import { heading } from './compass';
import { drawingOf, scaled } from './drawing';
import { acceptOf, amount, isAccepted, plainType } from './files';
import { bitRate, clock, LONGEST, loudness, whyNot } from './recording';

test('a file is right by its type or by the end of its name', () => {
  const pdf = { type: 'application/pdf', name: '告知书.PDF' };
  const photo = { type: 'image/jpeg', name: 'a.jpg' };
  expect(isAccepted('', photo)).toBe(true);
  expect(isAccepted('application/pdf', pdf)).toBe(true);
  expect(isAccepted('.pdf, .docx', pdf)).toBe(true);
  expect(isAccepted('image/*,application/pdf', photo)).toBe(true);
  expect(isAccepted('application/pdf', photo)).toBe(false);
  expect(isAccepted('.pdf', photo)).toBe(false);
});

test('a question for any file accepts every one, as pyxform writes it', () => {
  for (const any of [undefined, '*/*', 'application/*']) expect(acceptOf(any)).toBe('');
  expect(acceptOf('video/*')).toBe('video/*');
});

test('types lose their parameters, amounts are readable', () => {
  expect(plainType('audio/webm;codecs=opus')).toBe('audio/webm');
  expect(plainType('')).toBe('application/octet-stream');
  expect([amount(83_400), amount(999), amount(5_000_000)]).toEqual(['84 kB', '1 kB', '5.0 MB']);
});

test('three minutes at the finest quality stay below 500 kB', () => {
  for (const quality of ['normal', 'low', 'voice-only', undefined]) {
    expect((bitRate(quality) / 8) * LONGEST).toBeLessThan(480_000);
  }
  expect(bitRate('voice-only')).toBeLessThan(bitRate('normal'));
});

test('silence shows nothing, speech a good part of the bar', () => {
  expect(loudness(new Uint8Array(8).fill(128))).toBe(0);
  expect(loudness(Uint8Array.of(128, 140, 110))).toBeGreaterThan(0.3);
  expect(loudness(Uint8Array.of(0, 255))).toBe(1);
  expect([clock(0), clock(75.9), clock(180)]).toEqual(['0:00', '1:15', '3:00']);
});

test.each([
  ['NotAllowedError', 'denied'],
  ['NotFoundError', 'absent'],
  ['NotReadableError', 'busy'],
])('%s → %s', (name, why) => {
  expect(whyNot(new DOMException('no', name))).toBe(why);
});

test('a phone that lacks the microphone altogether says so', () => {
  expect(whyNot(new TypeError('undefined is not an object'))).toBe('absent');
});

test('a compass counts clockwise from north, and only if it knows north', () => {
  expect(heading({ alpha: 90, absolute: true })).toBe(270);
  expect(heading({ alpha: 0, absolute: true })).toBe(0);
  expect(heading({ alpha: 90, absolute: false })).toBeUndefined();
  expect(heading({ alpha: null, absolute: true })).toBeUndefined();
  expect(heading({ alpha: null, webkitCompassHeading: 359.6 })).toBe(0);
});

test('a stroke fits a pad that was turned', () => {
  const stroke = {
    ...{ dotSize: 1, minWidth: 1, maxWidth: 3, penColor: '#000', velocityFilterWeight: 0.7 },
    compositeOperation: 'source-over' as const,
    points: [{ x: 10, y: 20, pressure: 0.5, time: 7 }],
  };
  const [wider] = scaled([stroke], 2);
  expect(wider?.points).toEqual([{ x: 20, y: 40, pressure: 0.5, time: 7 }]);
  expect(wider?.maxWidth).toBe(6);
});

test('signature, drawing and annotation are told from photos', () => {
  expect(drawingOf('signature')).toBe('signature');
  expect(drawingOf('annotate new')).toBe('annotate');
  expect(drawingOf('new-front')).toBeUndefined();
  expect(drawingOf(undefined)).toBeUndefined();
});
