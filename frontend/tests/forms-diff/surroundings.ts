/**
 * What ODK's engine looks for around itself, to be imported before it: a document, which jsdom gives, and the clock,
 * which stands still here.
 */
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';
import { NOW, ZONE } from './filling';

const { window } = new JSDOM();
const wanted = Object.getOwnPropertyNames(window).filter(
  (name) => /^[A-Z]/.test(name) && !(name in globalThis),
);
const found = wanted.map((name) => [name, Reflect.get(window, name)]);
// Its XPath parser was built for CommonJS.
const commonJs = { __dirname: '/', require: createRequire(import.meta.url) };
Object.assign(globalThis, Object.fromEntries(found), commonJs, {
  window,
  document: window.document,
});

process.env.TZ ??= ZONE;
const moment = Date.parse(NOW);
Date.now = () => moment;
