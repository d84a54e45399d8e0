// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { imageOf, showWatermark } from './watermark';

const written = () =>
  decodeURIComponent(document.documentElement.style.getPropertyValue('--watermark'));

test('the reader and the day stand in it, and nobody where nobody reads', () => {
  showWatermark({ name: '王芳', username: 'wang' }, new Date(2026, 10, 27));
  expect(document.documentElement.classList.contains('marked')).toBe(true);
  expect(written()).toContain('>王芳 wang 2026-11-27<');
  showWatermark(null);
  expect(document.documentElement.classList.contains('marked')).toBe(false);
  expect(written()).toBe('');
});

test('a name is text, whatever signs are in it', () => {
  const image = imageOf('<b>"Ann" & \'Bo\'</b>');
  expect(image).toMatch(/^url\("[^"\s]+"\)$/);
  expect(decodeURIComponent(image)).toContain('>&lt;b&gt;"Ann" &amp; \'Bo\'&lt;/b&gt;<');
});
