/** Serves the other engines' pages and the forms they open, with the caching that a browser needs to keep compiled code. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('./dist', import.meta.url));
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.xml': 'application/xml',
};

export interface Pages {
  url: string;
  /** By path, beside what was built. */
  readonly extra: Map<string, string>;
  close(): void;
}

export async function servePages(): Promise<Pages> {
  const extra = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = join(DIST, normalize(pathname));
    const body = extra.get(pathname) ?? (await readFile(file).catch(() => null));
    response.statusCode = body === null ? 404 : 200;
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    if (pathname.startsWith('/assets/')) {
      response.setHeader('cache-control', 'max-age=31536000, immutable');
    }
    response.end(body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, extra, close: () => server.close() };
}
