/**
 * Reads forms in a process of its own, one after the other as its parent asks: ODK's engine holds on to memory, and
 * some forms keep it busy for ever.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readForm, type Told } from './oneForm';
import { Server } from './server';

const RUN = fileURLToPath(new URL('run.mjs', import.meta.url));
const MOST_SECONDS = Number(process.env.FORM_SECONDS || 120);
const MOST_HEAP = 1_500;
/** Past this much, in megabytes, a fresh process takes the next form. */
const FULL_HEAP = 500;

type Asked = { path: string; seed: number };
type Answer = Told & { heap: number };

/** The child's side. */
export async function main(): Promise<number> {
  const server = new Server();
  process.on('message', async ({ path, seed }: Asked) => {
    const found = await readForm(server, path, seed);
    const heap = process.memoryUsage().heapUsed / 2 ** 20;
    process.send?.({ ...found, heap } satisfies Answer);
  });
  await new Promise((resolve) => process.once('disconnect', resolve));
  server.end();
  return 0;
}

/** The parent's side. */
export class Reader {
  private child: ChildProcess | null = null;

  async read(path: string, seed: number): Promise<Told> {
    const child = this.started();
    const answer = await new Promise<Answer | Told>((resolve) => {
      const late = setTimeout(
        () => resolve({ fate: 'slow', why: `over ${MOST_SECONDS} s`, rules: [] }),
        MOST_SECONDS * 1000,
      );
      const done = (found: Answer | Told): void => {
        clearTimeout(late);
        child.removeAllListeners();
        resolve(found);
      };
      child.once('message', (found: Answer) => done(found));
      child.once('exit', (code, signal) =>
        done({ fate: 'died', why: `ended by ${signal ?? code}`, rules: [] }),
      );
      child.send({ path, seed } satisfies Asked);
    });
    if (!('heap' in answer)) this.kill();
    else if (answer.heap > FULL_HEAP) this.end();
    return answer;
  }

  private started(): ChildProcess {
    this.child ??= fork(RUN, ['reader.ts'], {
      execArgv: [`--max-old-space-size=${MOST_HEAP}`],
    });
    return this.child;
  }

  private kill(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  end(): void {
    if (this.child?.connected) this.child.disconnect();
    this.child = null;
  }
}
