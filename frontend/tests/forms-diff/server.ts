/** Our Python evaluator, in a process of its own that answers lines of JSON (tests/forms_diff/server.py). */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answers, FormDefinition } from '@/protocol/types';
import { NOW, type Shown, TODAY } from './filling';
import type { Lists } from './phone';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export type Compiled = { definition: FormDefinition; form: number } | { refused: string[] };

export interface Judged {
  nodes: Record<string, Shown>;
  violations: [string, string][];
}

type Waiting = { resolve(answer: unknown): void; reject(error: Error): void };

export class Server {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting: Waiting[] = [];

  constructor(python = process.env.PYTHON ?? `${ROOT}.venv/bin/python`) {
    this.process = spawn(python, ['-m', 'tests.forms_diff.server'], { cwd: ROOT });
    createInterface({ input: this.process.stdout }).on('line', (line) => this.answered(line));
    let told = '';
    this.process.stderr.on('data', (data) => {
      told += data;
    });
    this.process.on('exit', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`Python ended: ${told}`));
    });
  }

  private answered(line: string): void {
    const next = this.waiting.shift();
    const answer = JSON.parse(line);
    if (answer.crashed) next?.reject(new Error(answer.crashed));
    else next?.resolve(answer);
  }

  private ask<T>(request: object): Promise<T> {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve: (answer) => resolve(answer as T), reject });
    });
  }

  compile(xform: string): Promise<Compiled> {
    return this.ask({ do: 'compile', content: xform });
  }

  /** The XForm of an XLSForm. */
  xform(path: string): Promise<{ xform: string } | { refused: string[] }> {
    return this.ask({ do: 'xform', path });
  }

  judge(form: number, answers: Answers, instances: Lists = {}): Promise<Judged> {
    return this.ask({ do: 'judge', form, answers, instances, today: TODAY, now: NOW });
  }

  end(): void {
    this.process.stdin.end();
  }
}
