import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const STYLE = /\/vant\/es\/icon\/index\.css$/;
const SOURCES =
  /url\(data:font\/woff2;[^,]*base64,([^)]+)\)(\s*format\([^)]*\))?,\s*url\(\/\/[^)]*\)(\s*format\([^)]*\))?/;

/**
 * Moves Vant's icon font out of its style sheet into a file: the first paint does not wait for it,
 * and no page ever asks the host that Vant names as a second source.
 */
export function vantIconFont(): Plugin {
  return {
    name: 'vant-icon-font',
    enforce: 'pre',
    async load(id) {
      const path = id.split('?')[0] ?? id;
      if (!STYLE.test(path)) return null;
      const css = await readFile(path, 'utf8');
      const font = SOURCES.exec(css)?.[1];
      if (!font) this.error('Vant declares its icon font otherwise: adapt build/vantIconFont.ts');
      const file = join(dirname(path), '../../../.cache/vant-icon.woff2');
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, Buffer.from(font, 'base64'));
      return css.replace(SOURCES, "url('../../../.cache/vant-icon.woff2') format('woff2')");
    },
  };
}
