import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, FIELDAPP } from './server';

/**
 * Makes the demo district once, before the tests start: every server gets a copy. FIELDAPP_DEMO_HOME names one that is
 * there already. Gives what removes it.
 */
export default async function makeDistrict(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.FIELDAPP_DEMO_HOME) return;
  const home = await mkdtemp(join(tmpdir(), 'fieldapp-demo-'));
  const remove = () => rm(home, { recursive: true, force: true });
  try {
    execFileSync(FIELDAPP, ['demo'], {
      env: environment(home),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (error) {
    await remove();
    throw error;
  }
  process.env.FIELDAPP_DEMO_HOME = home;
  return remove;
}
