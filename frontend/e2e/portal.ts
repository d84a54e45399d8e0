/**
 * A network between the phone and the server that one must log in to first, as in a hotel or a station.
 *
 *     const network = await startPortal(server.url);
 *     network.mode = 'page';      // everything under /api is answered by the log-in page, status 200
 *     network.mode = 'cut';       // the server gets what is sent, but its answer breaks off half-way
 *     network.mode = 'open';
 */

import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Portal {
  url: string;
  mode: 'open' | 'page' | 'cut';
  /** Told at the end of the service worker, so that the app is another version. */
  release: string;
  /** How many requests were answered by each mode. */
  answered: Record<Portal['mode'], number>;
  close(): void;
}

const PAGE =
  '<!doctype html><title>Wi-Fi</title><form><h1>请先登录网络</h1><input><button>登录</button></form>';

export async function startPortal(target: string): Promise<Portal> {
  const server = createServer((incoming, outgoing) => {
    const mode = incoming.url?.startsWith('/api') ? portal.mode : 'open';
    portal.answered[mode] += 1;
    if (mode === 'page') logInPage(incoming, outgoing);
    else if (incoming.url === '/sw.js' && portal.release) void released(target, portal, outgoing);
    else pass(target, incoming, outgoing, mode === 'cut');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const portal: Portal = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'open',
    release: '',
    answered: { open: 0, page: 0, cut: 0 },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return portal;
}

function logInPage(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  outgoing.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  outgoing.end(PAGE);
}

async function released(
  target: string,
  { release }: Portal,
  outgoing: ServerResponse,
): Promise<void> {
  const worker = await (await fetch(`${target}/sw.js`)).text();
  outgoing.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-cache' });
  outgoing.end(`${worker}\n// ${release}\n`);
}

/** `cut`: the answer has the right type and length, half of its text, and no compression. */
function pass(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  cut: boolean,
): void {
  const headers = { ...incoming.headers };
  if (cut) delete headers['accept-encoding'];
  const onward = forward(
    target + incoming.url,
    { method: incoming.method, headers },
    async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const whole = Buffer.concat(chunks);
      const body = cut ? whole.subarray(0, Math.floor(whole.length / 2)) : whole;
      const { 'content-length': _, 'transfer-encoding': __, ...kept } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, kept);
      outgoing.end(body);
    },
  );
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
