/**
 * A reminder is the phone's own text message, with one sentence that is the same for everybody. It is offered only to
 * whom agreed to it and left a number, as far as this phone knows now; the server sends none and hears of none.
 */
import { pick } from '@/i18n';
import type { Client, EntityView, Scope } from '@/protocol/types';
import { agreedBy, keepingOf } from './consent';

/** The address that opens the phone's messages; null: she hasn't agreed (any more), or left no number. */
export function reminderFor(client: Client, scope: Scope, person: EntityView): string | null {
  const keeping = keepingOf(client.catalogue(), scope);
  const reminders = keeping?.reminders;
  if (!keeping || !reminders || person.type !== keeping.people) return null;
  const number = (person.props[reminders.phone] ?? '').replaceAll(/[^\d+]/g, '');
  const agreed = agreedBy(client, scope, person).find((it) => it.scope === reminders.scope);
  if (!number || agreed?.standing.state !== 'live') return null;
  // `?&` is what both Android and iOS understand.
  return `sms:${number}?&body=${encodeURIComponent(pick(reminders.text))}`;
}

/**
 * Hands the address to the phone. The link is made now and thrown away: the number stands in no page, and as nothing of
 * ours is opened, in no history.
 */
export function openMessages(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.click();
}
