/**
 * The real server with the demo district, on a port of its own, to be stopped, killed and started again.
 *
 *     const server = await startServer();
 *     await server.stop();                       // no signal: nothing answers any more
 *     await server.start();                      // same data, same address
 *     await server.dispose();
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const FIELDAPP = fileURLToPath(new URL('../../.venv/bin/fieldapp', import.meta.url));
const run = promisify(execFile);

export interface TestServer {
  url: string;
  home: string;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** A command of the server on the same data, e.g. `fieldapp('backup')`. */
  fieldapp(...args: string[]): Promise<string>;
  dispose(): Promise<void>;
}

/** from: a home that is there already; without one, the demo district. */
export async function startServer(from?: string): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), 'fieldapp-server-'));
  await cp(from ?? demoHome(), home, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const server: TestServer = {
    url,
    home,
    async start() {
      child = spawn(FIELDAPP, ['run', '--port', String(port)], {
        env: environment(home),
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
      });
      await answering(url, child);
    },
    async stop(signal = 'SIGKILL') {
      const pid = child?.pid;
      if (!child || !pid || child.exitCode !== null) return;
      const ended = once(child, 'exit');
      process.kill(-pid, signal);
      child = undefined;
      await ended;
    },
    async fieldapp(...args) {
      return (await run(FIELDAPP, args, { env: environment(home), maxBuffer: 1 << 24 })).stdout;
    },
    async dispose() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Where e2e/district.ts made it. */
function demoHome(): string {
  const home = process.env.FIELDAPP_DEMO_HOME;
  if (!home) throw new Error('no demo district: e2e/district.ts has not run');
  return home;
}

export function environment(home: string): NodeJS.ProcessEnv {
  return { ...process.env, FIELDAPP_HOME: home, FIELDAPP_RATE_LIMITS: '0' };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}`);
    const answer = await fetch(`${url}/api/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no answer from ${url} within 30 s`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
