/** What a person is told after a wrong PIN, wherever it was asked for. */
import { i18n } from '@/i18n';
import { type Client, ClientError } from '@/protocol/types';

/** From so many on it is said what more wrong ones lead to. */
const WARNED = 5;

export async function wrongText(client: Client): Promise<string> {
  const { t } = i18n.global;
  const left = await client.guessesLeft();
  return left <= WARNED ? t('unlock.left', { n: left }) : t('unlock.wrong');
}

/** After wrong tries the phone makes people wait; `detail` is how many seconds. Null for any other problem. */
export function waitText(problem: unknown): string | null {
  const waiting = problem instanceof ClientError && problem.key === 'locked' && problem.detail;
  return waiting ? i18n.global.t('unlock.wait', { n: problem.detail }) : null;
}
