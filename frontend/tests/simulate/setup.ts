/** Before any history: the server runs, everybody's phone is enrolled, and that is kept as the start of each. */
import { IDBFactory } from 'fake-indexeddb';
import { Chance } from '../forms-diff/random';
import { type Grant, Model, type Person } from './model';
import { meet, messageOf, type Watch } from './network';
import { PIN, SimPhone } from './phone';
import { type Kind, Server } from './server';
import { PHONES, type VisitKind } from './steps';
import { fill, inputOf } from './visits';
import 'fake-indexeddb/auto';
import './crypto';

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
  /** What the oracle knows of the records that are there from the start. */
  start: ReturnType<Model['keep']>;
}

/** Records that every history begins with, so that phones meet over them at once. */
const FOUNDED: [kind: VisitKind, v: number][] = [
  ['client', 2],
  ['client', 34],
  ['preg', 0],
  ['home', 2],
  ['tenant', 0],
];

export async function prepare(kind: Kind, mutant = ''): Promise<Ground> {
  const server = new Server(kind, mutant);
  server.now = Date.parse('2026-11-01T08:00:00Z');
  const enrolled: Enrolled[] = [];
  const people = new Map<string, Person>();
  const start = await found(server);
  for (const [i, user] of PHONES.entries()) {
    const phone = new SimPhone(user, user, server, new Chance(1000 + i), new IDBFactory());
    const me = await enrol(server, phone);
    people.set(user, { ...me, ...(PEOPLE[user] as Pick<Person, 'role' | 'grants'>) });
    enrolled.push({ user, storage: phone.storage, cookies: phone.cookies });
  }
  await server.ask('start_here');
  return { server, people, enrolled, start };
}

/** The first records, by a phone that takes no part in histories; what the oracle makes of them. */
async function found(server: Server): Promise<Ground['start']> {
  const phone = new SimPhone('first', 'li', server, new Chance(999), new IDBFactory());
  const by = {
    ...(await enrol(server, phone, false)),
    ...(PEOPLE.li as Pick<Person, 'role' | 'grants'>),
  };
  const model = new Model(new Map([['li', by]]));
  const watch: Watch = (_phone, request) => {
    if (!request.path.endsWith('/push')) return;
    const { subs } = messageOf(request) as { subs: { id: string; sha: string; body: string }[] };
    for (const sub of subs) model.take({ ...sub, by, revoked: false, now: server.now });
  };
  const client = phone.client as NonNullable<SimPhone['client']>;
  for (const [kind, v] of FOUNDED) {
    const filled = await fill(phone, client, { kind, pick: 0, v });
    if (!filled) throw new Error(kind);
    await client.saveDraft(filled.draft);
    await drive(server, phone, client.finish(inputOf(filled)), watch);
  }
  await drive(server, phone, client.syncNow(), watch);
  phone.off();
  return model.keep();
}

async function enrol(
  server: Server,
  phone: SimPhone,
  isDone = true,
): Promise<Pick<Person, 'id' | 'name'>> {
  const client = await phone.start();
  const { id, name } = await drive(server, phone, client.login(phone.user, passwordOf(phone.user)));
  await drive(server, phone, client.enrol(PIN, '红米 9A'));
  if (client.sync().error) throw new Error(`${phone.user}: ${client.sync().error}`);
  if (isDone) phone.off();
  return { id, name };
}

/**
 * What comes of work that needs the network, which lets everything through. Until the phone is quiet again: ids are drawn in
 * the order of what asks for them, and a sync still at work would make that order a matter of chance.
 */
export async function drive<T>(
  server: Server,
  phone: SimPhone,
  work: Promise<T>,
  watch: Watch = () => undefined,
): Promise<T> {
  let isDone = false;
  const end = work.finally(() => {
    isDone = true;
  });
  end.catch(() => undefined);
  while (!isDone || phone.client?.sync().running) {
    if (phone.parked) await meet(server, phone, phone.parked, 'ok', watch);
    await new Promise(setImmediate);
  }
  return end;
}
