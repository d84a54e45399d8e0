/**
 * Phones of the cast against the real server: the whole client as it ships, with an IndexedDB, a cookie jar and a network
 * of its own that can be made to fail.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import { type ClientDeps, createClient } from '@/client';
import { newId } from '@/crypto/bytes';
import type { Authenticator } from '@/crypto/passkey';
import { createSession } from '@/forms/session';
import type { Client, FinishInput, Scope } from '@/protocol/types';
import 'fake-indexeddb/auto';

// Real servers and real key stretching, on machines that do other things too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

export const PIN = '739415';
export const LIULIN = '379901001001';
export const SHIQIAO = '379901001002';

const PYTHON = join(import.meta.dirname, '../../../.venv/bin/python');
const SERVE = join(import.meta.dirname, 'serve.py');

export interface Server {
  url: string;
  stop(): void;
}

/** database: a URL; an SQLite file in the folder unless given. settings: of the environment. */
export async function startServer(
  home?: string,
  database?: string,
  settings: Record<string, string> = {},
): Promise<Server> {
  const args = [home, database].filter((arg) => arg !== undefined);
  const child: ChildProcess = spawn(PYTHON, [SERVE, ...args], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', process.env.SERVER_LOG ? 'inherit' : 'ignore'],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const port = /^PORT (\d+)/.exec(line)?.[1];
    if (port) return { url: `http://127.0.0.1:${port}`, stop: () => void child.kill('SIGKILL') };
  }
  throw new Error('the server ended before it served');
}

export type Send = (path: string, init: RequestInit) => Promise<Response>;
/** What happens to a request on its way; `next` sends it to the real server. */
export type Weather = (path: string, init: RequestInit, next: Send) => Promise<Response>;

const fair: Weather = (path, init, next) => next(path, init);
export const noSignal: Weather = () => Promise.reject(new TypeError('no network'));

/** One phone: restart() is switching it off and on again; open() another tab of it. */
export class TestPhone {
  weather: Weather = fair;
  /** Paths asked for, in order. */
  readonly requests: string[] = [];
  readonly factory: IDBFactory;
  clock: () => number = () => Date.now();
  /** Whether what is planned for later happens by itself. */
  timers = false;
  /** The phone's fingerprint, where it has one. */
  authenticator: Authenticator | null = null;
  /** Whether the browser has Web Locks. */
  locks = true;
  private readonly cookies = new Map<string, string>();
  private readonly name = newId();
  private tabs: Client[] = [];
  private channels: BroadcastChannel[] = [];

  constructor(
    private url: string,
    factory = new IDBFactory(),
  ) {
    this.factory = factory;
  }

  async open(): Promise<Client> {
    const client = await createClient(this.deps());
    this.tabs.push(client);
    return client;
  }

  /** All tabs gone, as when the battery is. */
  off(): void {
    for (const tab of this.tabs) tab.lock();
    for (const channel of this.channels) channel.close();
    this.tabs = [];
    this.channels = [];
  }

  /** The same phone on another disk, as a copied profile is. */
  on(factory: IDBFactory): TestPhone {
    const twin = new TestPhone(this.url, factory);
    for (const [key, value] of this.cookies) twin.cookies.set(key, value);
    return twin;
  }

  async restart(): Promise<Client> {
    this.off();
    return this.open();
  }

  /** The server has another address from now on. */
  move(url: string): void {
    this.url = url;
  }

  /** Ends the session on the server too: a lost cookie alone would be replaced. */
  async logOut(): Promise<void> {
    await this.send('/api/session', { method: 'DELETE', headers: { 'X-FS-Proto': '1' } });
    this.cookies.clear();
  }

  private deps(): ClientDeps {
    const channel = new BroadcastChannel(this.name);
    this.channels.push(channel);
    const locks = {
      request: (name: string, fn: () => unknown) =>
        navigator.locks.request(`${this.name}/${name}`, fn),
    } as unknown as LockManager;
    return {
      indexedDB: this.factory,
      net: {
        fetch: (input, init) => this.fetch(String(input), init ?? {}),
        origin: '',
        now: () => this.clock(),
        online: () => true,
        newId,
      },
      locks: this.locks ? locks : undefined,
      ...(this.authenticator ? { authenticator: this.authenticator } : {}),
      window: undefined,
      document: undefined,
      channel: channel as unknown as NonNullable<ClientDeps['channel']>,
      persist: () => Promise.resolve(true),
      mono: () => performance.now(),
      random: () => 0.5,
      // Stories say themselves when to sync; only what is due at once happens.
      setTimer: (fn, ms) => {
        const timer = this.timers || ms === 0 ? setTimeout(fn, ms) : undefined;
        return () => clearTimeout(timer);
      },
    };
  }

  private fetch(path: string, init: RequestInit): Promise<Response> {
    this.requests.push(path);
    return this.weather(path, init, (to, what) => this.send(to, what));
  }

  /** As a browser does it: cookies along, and where the request comes from. */
  async send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('Cookie', [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; '));
    headers.set('Sec-Fetch-Site', 'same-origin');
    const response = await fetch(this.url + path, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.cookies.set(key, value);
    }
    return response;
  }
}

/** A new phone of `username`, enrolled and synced. */
export async function enrolled(url: string, username: string): Promise<[TestPhone, Client]> {
  const phone = new TestPhone(url);
  const client = await phone.open();
  await client.login(username, passwordOf(username));
  await client.enrol(PIN, '红米 9A');
  return [phone, client];
}

export const passwordOf = (username: string): string => `${[...username].reverse().join('')}-2026!`;

/** Fills a form as a person does, question by question, saving the draft each time. */
export async function fill(
  client: Client,
  form: string,
  answers: Record<string, string>,
  about: Partial<FinishInput> = {},
): Promise<FinishInput> {
  const def = await client.definition(form);
  const session = createSession(def, client.host(def.scope, def));
  const draftId = about.draftId ?? newId();
  const head = { id: draftId, form, version: def.version, scope: def.scope, corrects: null };
  for (const [path, value] of Object.entries(answers)) {
    session.set(path, value);
    await client.saveDraft({
      ...head,
      title: about.title ?? '',
      area: about.area ?? LIULIN,
      updated: new Date().toISOString(),
      draft: session.snapshot(),
    });
  }
  const problems = session.problems();
  if (problems.length) throw new Error(JSON.stringify(problems));
  const { touched } = session.snapshot();
  return { draftId, def, answers: session.finish(), touched, area: LIULIN, title: '', ...about };
}

/** Fills and finishes; the submission's id. */
export async function visit(
  client: Client,
  form: string,
  answers: Record<string, string>,
  about: Partial<FinishInput> = {},
): Promise<string> {
  return client.finish(await fill(client, form, answers, about));
}

/** Waits until the sync that finishing has begun is over, and syncs once more. */
export async function synced(...clients: Client[]): Promise<void> {
  for (const client of clients) await client.syncNow();
}

export function one(client: Client, scope: Scope, type: string) {
  const [view, ...others] = client.registry(scope).list(type);
  if (!view || others.length) throw new Error(`${others.length + (view ? 1 : 0)} of ${type}`);
  return view;
}
