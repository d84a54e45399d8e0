/** The real server in a process of its own that answers lines of JSON (tests/simulation/server.py). */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

/** The project's folder; this module runs from where it was built to. */
const ROOT = process.env.PROJECT ?? '';

export type Kind = 'sqlite' | 'postgresql';

/** What became of a request. died: the server was killed while it worked on it. */
export type Said =
  | { status: number; headers: [string, string][]; body: string; statements: number }
  | { died: true; statements: number };

export interface Derived {
  feeds: Record<string, Record<string, string>>;
  conflicts: [entity: string, register: string][];
}
export interface Facts extends Derived {
  log: [
    id: string,
    sha: string,
    state: string,
    why: string | null,
    install: string,
    n: number,
    user: string,
  ][];
  variants: [id: string, sha: string][];
  /** Hashes of attachments that are whole. */
  blobs: string[];
  heads: Record<string, [sum: string, count: number, epoch: string]>;
  gaps: Record<string, [number, number][]>;
}

type Waiting = { resolve(answer: unknown): void; reject(error: Error): void };

export class Server {
  /** The server's clock, ms. */
  now = 0;
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting: Waiting[] = [];
  private wishes = createHash('sha256');

  /** mutant: a fault planted in it, by name. */
  constructor(
    readonly kind: Kind,
    mutant = '',
    python = process.env.PYTHON ?? `${ROOT}/.venv/bin/python`,
  ) {
    const args = ['-m', 'tests.simulation.server', kind, ...(mutant ? [mutant] : [])];
    this.process = spawn(python, args, { cwd: ROOT });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.answered(line));
    let told = '';
    this.process.stderr.on('data', (data) => {
      told = `${told}${data}`.slice(-5000);
    });
    this.process.on('exit', () => {
      for (const { reject } of this.waiting.splice(0))
        reject(new Error(`the server ended: ${told}`));
    });
  }

  ask<T>(wish: string, about: object = {}): Promise<T> {
    const said = { do: wish, now: this.now, ...about };
    if (wish === 'begin') this.wishes = createHash('sha256');
    // Signatures are other ones each time.
    this.wishes.update(JSON.stringify({ ...said, headers: undefined }));
    this.process.stdin.write(`${JSON.stringify(said)}\n`);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve: (answer) => resolve(answer as T), reject });
    });
  }

  /** All that was asked of it since the history began. */
  course(): string {
    return this.wishes.copy().digest('hex');
  }

  end(): void {
    this.process.stdin.end();
  }

  private answered(line: string): void {
    const next = this.waiting.shift();
    const answer = JSON.parse(line) as { ok?: unknown; error?: string };
    if (answer.error) next?.reject(new Error(answer.error));
    else next?.resolve(answer.ok);
  }
}
