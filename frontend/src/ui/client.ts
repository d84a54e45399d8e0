/** The one client, and what it knows as values that follow its events. */
import { type InjectionKey, inject, onScopeDispose, type ShallowRef, shallowRef } from 'vue';
import { textOr } from '@/i18n';
import { type Client, ClientError, type ClientEvent } from '@/protocol/types';

export const clientKey: InjectionKey<Client> = Symbol('client');

export function useClient(): Client {
  const client = inject(clientKey);
  if (!client) throw new Error('no client provided');
  return client;
}

/** `read()` now and again after each of `events`, until the component goes. */
export function useLive<T>(events: ClientEvent[], read: (client: Client) => T): ShallowRef<T> {
  const client = useClient();
  const value = shallowRef(read(client)) as ShallowRef<T>;
  const update = () => {
    // Locking empties the client while screens are still on their way out.
    if (client.phase() === 'open') value.value = read(client);
  };
  for (const event of events) onScopeDispose(client.on(event, update));
  return value;
}

/** What to tell a person about `error`: what happened and what to do. */
export function errorText(error: unknown): string {
  if (!(error instanceof ClientError)) return textOr('error.unexpected', 'error.unexpected');
  const fields = error.fields.map((field) => field.message).join(' ');
  return [textOr(`error.${error.key}`, 'error.unexpected'), fields].filter(Boolean).join(' ');
}
