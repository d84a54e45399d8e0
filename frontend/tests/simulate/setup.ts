/** Before any history: the server runs, everybody's phone is enrolled, and that is kept as the start of each. */
import { IDBFactory } from 'fake-indexeddb';
import { Chance } from '../forms-diff/random';
import type { Grant, Person } from './model';
import { meet } from './network';
import { PIN, SimPhone } from './phone';
import { type Kind, Server } from './server';
import { PHONES } from './steps';
import 'fake-indexeddb/auto';

const [TOWN, LIULIN, SHIQIAO] = ['379901001000', '379901001001', '379901001002'] as const;
const both = (area: string): Grant[] => [
  [area, 'health'],
  [area, 'housing'],
];
const PEOPLE: Record<string, Pick<Person, 'role' | 'grants'>> = {
  wang: { role: 'worker', grants: both(LIULIN) },
  li: { role: 'worker', grants: [...both(LIULIN), ...both(SHIQIAO)] },
  chen: { role: 'nurse', grants: [[TOWN, 'health']] },
  zhao: { role: 'area', grants: [[TOWN, 'housing']] },
};
export const passwordOf = (username: string) => `${[...username].reverse().join('')}-2026!`;

/** A phone as it was enrolled. */
export interface Enrolled {
  user: string;
  storage: IDBFactory;
  cookies: ReadonlyMap<string, string>;
}
export interface Ground {
  server: Server;
  people: ReadonlyMap<string, Person>;
  enrolled: readonly Enrolled[];
}

export async function prepare(kind: Kind, mutant = ''): Promise<Ground> {
  weakPins();
  const server = new Server(kind, mutant);
  server.now = Date.parse('2026-11-01T08:00:00Z');
  const enrolled: Enrolled[] = [];
  const people = new Map<string, Person>();
  for (const [i, user] of PHONES.entries()) {
    const phone = new SimPhone(user, user, server, new Chance(1000 + i), new IDBFactory());
    const me = await enrol(server, phone);
    people.set(user, { ...me, ...(PEOPLE[user] as Pick<Person, 'role' | 'grants'>) });
    enrolled.push({ user, storage: phone.storage, cookies: phone.cookies });
  }
  await server.ask('start_here');
  return { server, people, enrolled };
}

async function enrol(server: Server, phone: SimPhone): Promise<Pick<Person, 'id' | 'name'>> {
  const client = await phone.start();
  const { id, name } = await drive(server, phone, client.login(phone.user, passwordOf(phone.user)));
  await drive(server, phone, client.enrol(PIN, '红米 9A'));
  if (client.sync().error) throw new Error(`${phone.user}: ${client.sync().error}`);
  phone.off();
  return { id, name };
}

/** What comes of work that needs the network, which lets everything through. */
export async function drive<T>(server: Server, phone: SimPhone, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = work.finally(() => {
    isDone = true;
  });
  end.catch(() => undefined);
  while (!isDone) {
    if (phone.parked) await meet(server, phone, phone.parked, 'ok', () => undefined);
    await new Promise(setImmediate);
  }
  return end;
}

/** Stretching a PIN takes a second on purpose; thousands of times that is too much. */
function weakPins(): void {
  const derive = crypto.subtle.deriveKey.bind(crypto.subtle) as (
    how: Pbkdf2Params,
    ...rest: unknown[]
  ) => Promise<CryptoKey>;
  crypto.subtle.deriveKey = ((how: Pbkdf2Params, ...rest: unknown[]) =>
    derive({ ...how, iterations: 1 }, ...rest)) as typeof crypto.subtle.deriveKey;
}
