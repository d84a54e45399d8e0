/**
 * One phone of a history: the whole client as it ships. Everything it asks of the network waits until the history says what
 * becomes of it, so that nothing happens but what the history wants, in the order it wants.
 */
import { type ClientDeps, createClient } from '@/client';
import type { Client } from '@/protocol/types';
import type { Opened } from '@/store/opened';
import type { Chance } from '../forms-diff/random';
import { copyOf, disk, Life } from './disk';
import type { Server } from './server';

export const PIN = '739415';
const YEAR = 365.25 * 86_400_000;

export interface Request {
  path: string;
  method: string;
  headers: Record<string, string>;
  body: Uint8Array;
}
/** A request on its way. */
export interface Parked extends Request {
  answer(response: Response): void;
  fail(error: Error): void;
}

export class SimPhone {
  client: Client | null = null;
  life = new Life();
  /** Requests that wait, the oldest first: more than one while somebody logs in. */
  private waiting: Parked[] = [];
  /** Requests given up by the phone that may still arrive. */
  readonly astray: Request[] = [];
  /** The last answers by path, as a confused proxy may give them again. */
  readonly answers = new Map<string, Response>();
  /** How wrong its clock is, years. */
  years = 0;
  cookies = new Map<string, string>();
  private wake: () => void = () => undefined;

  constructor(
    readonly name: string,
    readonly user: string,
    private readonly server: Server,
    private readonly chance: Chance,
    public storage: IDBFactory,
  ) {}

  get opened(): Opened {
    const inside = this.client as unknown as { current: { opened: Opened } };
    return inside.current.opened;
  }

  /** Reported lost, it keeps nothing any more but what must still be sent. */
  get isEnded(): boolean {
    return this.client?.ended() != null;
  }

  get parked(): Parked | undefined {
    return this.waiting[0];
  }

  /** The request is on its way. */
  leave(parked: Parked): void {
    this.waiting = this.waiting.filter((one) => one !== parked);
  }

  get isOn(): boolean {
    return this.client !== null && !this.life.isOver;
  }

  now(): number {
    return this.server.now + this.years * YEAR;
  }

  newId(): string {
    const hex = this.chance.times(32, () => this.chance.below(16).toString(16));
    hex[12] = '4';
    hex[16] = '89ab'[this.chance.below(4)] as string;
    return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  /** Switched on: still locked. */
  async start(): Promise<Client> {
    const life = new Life();
    this.life = life;
    this.waiting = [];
    const client = await createClient(this.deps(life));
    this.client = client;
    void life.over.then(() => this.wake());
    client.on('sync', () => this.wake());
    return client;
  }

  /** The battery is out. */
  off(): void {
    this.life.end();
    this.client?.lock();
    this.client = null;
    this.astray.push(...this.waiting.splice(0));
  }

  /** A second phone with everything the first holds. */
  clone(name: string, chance: Chance): SimPhone {
    const copy = new SimPhone(name, this.user, this.server, chance, copyOf(this.storage));
    copy.cookies = new Map(this.cookies);
    copy.years = this.years;
    return copy;
  }

  /** Until it waits for the network, has nothing more to do, or is off. */
  async quiet(): Promise<void> {
    for (;;) {
      if (this.parked || !this.isOn) return;
      if (!this.client?.sync().running) {
        await new Promise(setImmediate);
        if (!this.client?.sync().running) return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  /** What comes of some work; undefined if the phone went off meanwhile. */
  async until<T>(work: Promise<T>): Promise<T | undefined> {
    work.catch(() => undefined);
    const over = this.life.over.then(() => undefined);
    try {
      return await Promise.race([work, over]);
    } catch (error) {
      if (this.life.isOver) return undefined;
      throw error;
    }
  }

  private deps(life: Life): ClientDeps {
    const locks = { request: (_name: string, fn: () => unknown) => fn() };
    return {
      indexedDB: disk(this.storage, life),
      net: {
        fetch: (input, init) => this.fetch(life, String(input), init ?? {}),
        origin: '',
        now: () => this.now(),
        online: () => true,
        newId: () => this.newId(),
      },
      locks: locks as unknown as LockManager,
      window: undefined,
      document: undefined,
      channel: null,
      persist: () => Promise.resolve(true),
      mono: () => this.server.now,
      random: () => 0.5,
      // Histories say themselves when to sync.
      setTimer: () => () => undefined,
    };
  }

  private fetch(life: Life, path: string, init: RequestInit): Promise<Response> {
    const headers = {
      ...(init.headers as Record<string, string>),
      'Sec-Fetch-Site': 'same-origin',
    };
    const given = init.body ?? '';
    const body = typeof given === 'string' ? new TextEncoder().encode(given) : given;
    return new Promise((resolve, reject) => {
      if (life.isOver) return;
      this.waiting.push({
        ...{ path, method: init.method ?? 'GET', headers, body: body as Uint8Array },
        answer: (response) => resolve(response),
        fail: reject,
      });
      this.wake();
    });
  }
}
