/**
 * A line between phone and server as there is at the edge of a village, at TCP level: slow, far, lossy, and worse at will.
 *
 *     const line = await startLine(server.url, { up: 20, down: 80, roundTrip: 800, loss: 0.05 });
 *     line.stalled = true;          // nothing gets across, nothing breaks either
 *     line.cut();                   // every connection breaks off
 *     line.portal = true;           // somebody else's page answers everything
 *     line.shorten = 400;           // the next answer breaks off after so many bytes
 *
 * Both directions are one queue each, shared by all connections. A lost segment takes the line a second time and holds up
 * what follows it on its connection, as a retransmission does. A new connection waits for the handshakes of TCP and TLS.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Conditions {
  /** kbit/s, towards the server and back. */
  up: number;
  down: number;
  /** ms, there and back. */
  roundTrip: number;
  /** Share of segments lost. */
  loss: number;
}
export interface Line {
  url: string;
  conditions: Conditions;
  stalled: boolean;
  portal: boolean;
  shorten: number | null;
  /** Bytes across, headers of TCP and IP and what was sent twice included. */
  readonly crossed: { up: number; down: number };
  readonly connections: number;
  cut(): void;
  close(): Promise<void>;
}

const SEGMENT = 1400;
const HEADERS = 52;
/** TCP and TLS 1.3. */
const HANDSHAKES = 2;
/** ms of bytes taken from a socket ahead of the line. */
const AHEAD = 300;
const PAGE = '<!doctype html><title>Wi-Fi</title><h1>请先登录网络</h1>';
const PORTAL = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(PAGE)}\r\nConnection: close\r\n\r\n${PAGE}`;

/** One direction of the line. */
class Lane {
  bytes = 0;
  private freeAt = 0;

  constructor(
    private readonly way: 'up' | 'down',
    private readonly line: { conditions: Conditions },
    private readonly random: () => number,
  ) {}

  /** When a segment of so many bytes is across, ms. */
  take(length: number): number {
    const { loss, roundTrip, ...rates } = this.line.conditions;
    const time = ((length + HEADERS) * 8) / rates[this.way];
    const delay = roundTrip / 2;
    this.freeAt = Math.max(performance.now(), this.freeAt) + time;
    this.bytes += length + HEADERS;
    let arrives = this.freeAt + delay;
    while (this.random() < loss) {
      this.freeAt += time;
      this.bytes += length + HEADERS;
      arrives = Math.max(arrives, this.freeAt) + 2.5 * delay;
    }
    return arrives;
  }

  /** How far the queue reaches ahead, ms. */
  get queued(): number {
    return this.freeAt - performance.now();
  }
}

/** The same troubles for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export async function startLine(target: string, conditions: Conditions, seed = 1): Promise<Line> {
  const random = dice(seed);
  const settings = { conditions };
  const lanes = { up: new Lane('up', settings, random), down: new Lane('down', settings, random) };
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  let connections = 0;
  const server = createServer((phone) => {
    connections += 1;
    const far = connect(Number(port), hostname);
    for (const socket of [phone, far]) keep(sockets, socket);
    const opened = performance.now() + HANDSHAKES * settings.conditions.roundTrip;
    across(line, phone, far, lanes.up, opened, (bytes) => {
      if (!line.portal) return bytes;
      phone.end(PORTAL);
      return null;
    });
    across(line, far, phone, lanes.down, opened, (bytes) => shortened(line, phone, bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => sockets.forEach((socket) => void socket.destroy());
  const line: Line = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get conditions() {
      return settings.conditions;
    },
    set conditions(changed) {
      settings.conditions = changed;
    },
    stalled: false,
    portal: false,
    shorten: null,
    get crossed() {
      return { up: lanes.up.bytes, down: lanes.down.bytes };
    },
    get connections() {
      return connections;
    },
    cut,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return line;
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
}

function shortened(line: Line, phone: Socket, bytes: Buffer): Buffer {
  const most = line.shorten;
  if (most === null) return bytes;
  line.shorten = most > bytes.length ? most - bytes.length : null;
  if (most > bytes.length) return bytes;
  phone.end(bytes.subarray(0, most));
  return bytes.subarray(0, 0);
}

/** From one socket to the other over a lane, in order. */
function across(
  line: Line,
  from: Socket,
  to: Socket,
  lane: Lane,
  opened: number,
  change: (bytes: Buffer) => Buffer | null,
): void {
  let last = opened;
  let waiting: Promise<void> = Promise.resolve();
  const deliver = (bytes: Buffer, at: number) => {
    waiting = waiting.then(async () => {
      await until(at);
      while (line.stalled && !to.destroyed) await until(performance.now() + 50);
      const changed = change(bytes);
      if (changed?.length && !to.destroyed && to.writable) to.write(changed);
    });
  };
  from.on('data', async (bytes: Buffer) => {
    from.pause();
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const segment = bytes.subarray(at, at + SEGMENT);
      last = Math.max(last, lane.take(segment.length));
      deliver(segment, last);
      if (lane.queued > AHEAD) await until(performance.now() + lane.queued - AHEAD);
    }
    from.resume();
  });
  from.on('end', () => void waiting.then(() => to.end()));
  from.on('close', () => void waiting.then(() => to.destroy()));
}

const until = (moment: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, moment - performance.now())));
