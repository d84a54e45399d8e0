/** Builds the pages in which the other engines open a form: as small as they can be, so that nothing else is measured. */
import { fileURLToPath, URL } from 'node:url';
import { defineConfig } from 'vite';

const core = (path: string) =>
  fileURLToPath(new URL(`./node_modules/enketo-core/${path}`, import.meta.url));
const page = (name: string) => fileURLToPath(new URL(`./pages/${name}.html`, import.meta.url));

/** Enketo's styles name its dependencies by where they lie in its repository. */
function inItsOwnRepository(url: string): URL | null {
  const [, name] = /^\/packages\/enketo-core\/node_modules\/(.*)$/.exec(url) ?? [];
  return name ? new URL(`./node_modules/${name}`, import.meta.url) : null;
}

export default defineConfig({
  root: fileURLToPath(new URL('./pages', import.meta.url)),
  resolve: {
    // Enketo's own stand-ins, as its package names them for a browser.
    alias: {
      'enketo/config': core('config.js'),
      'enketo/widgets': core('src/js/widgets.js'),
      'enketo/translator': core('src/js/fake-translator.js'),
      'enketo/dialog': core('src/js/fake-dialog.js'),
      'enketo/file-manager': core('src/js/file-manager.js'),
      'enketo/xpath-evaluator-binding': core('src/js/xpath-evaluator-binding.js'),
    },
  },
  define: { 'process.env.NODE_ENV': '"production"' },
  css: {
    preprocessorOptions: {
      scss: {
        quietDeps: true,
        silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'slash-div'],
        importers: [{ findFileUrl: inItsOwnRepository }],
      },
    },
  },
  build: {
    outDir: fileURLToPath(new URL('./dist', import.meta.url)),
    emptyOutDir: true,
    target: 'esnext',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: { input: ['enketo', 'web-forms', 'nothing', 'transform'].map(page) },
  },
});
