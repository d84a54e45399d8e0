/** What a worker does with her phone, each as one thing that storage can spoil at any of its requests. */
import { newId } from '@/crypto/bytes';
import type { Client, FinishInput } from '@/protocol/types';
import { BLOBS, BlobShelf } from '@/store/blobs';
import { Database } from '@/store/idb';
import { enrolled, fill, noSignal, PIN, passwordOf, TestPhone } from '../real-server/phone';
import { consentOf, register } from '../real-server/stories';
import { read, write } from './disk';
import type { World } from './world';

export interface Trial {
  world: World;
  phone: TestPhone;
  client: Client;
  /** Of whoever it is about; no two trials share one. */
  name: string;
  input?: FinishInput;
  photo?: { name: string; bytes: Uint8Array };
  ids: string[];
}

export interface Operation {
  name: string;
  /** The phone it begins on, made once. */
  scene(world: World): Promise<TestPhone>;
  /** Begins before anybody has enrolled, or locked. */
  isClosed?: boolean;
  /** With no signal and no fault yet. */
  prepare?(trial: Trial): Promise<void>;
  /** With signal. */
  run(trial: Trial): Promise<void>;
  /** The same once more, after the battery perhaps. */
  again?(trial: Trial, battery: boolean): Promise<void>;
  /** What is wrong afterwards, in words; beside what must never be wrong. */
  wrong?(trial: Trial): Promise<string[]>;
}

export const NEW_PIN = '864209';

const freshly = async (world: World) => (await enrolled(world.server.url, 'wang'))[0];
const named = ({ client, name }: Trial) =>
  client
    .registry('health')
    .list('client')
    .filter(({ title }) => title === name).length;
const drafts = ({ client, name }: Trial) =>
  client.drafts().filter(({ title }) => title === name).length;
const sync = ({ client }: Trial) => client.syncNow();
const unless = (isRight: boolean, text: string) => (isRight ? [] : [text]);

function picture(size: number): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(size));
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return bytes;
}

/** A door with its photo, filled but not finished. */
async function door(trial: Trial): Promise<void> {
  const draftId = newId();
  const bytes = picture(40_000);
  const photo = await trial.client.blobs.put(bytes, 'image/png', draftId);
  trial.photo = { name: photo, bytes };
  const about = { draftId, title: trial.name };
  trial.input = await fill(trial.client, 'door_check', { photo }, about);
}

async function consent(trial: Trial): Promise<FinishInput> {
  return fill(trial.client, 'consent_record', consentOf(trial.name, '13800000001'), {
    title: trial.name,
  });
}

async function hasPhoto({ client, photo }: Trial): Promise<boolean> {
  const kept = photo && (await client.blobs.get(photo.name));
  return !!kept && Buffer.from(kept.bytes).equals(Buffer.from(photo.bytes));
}

const shelf = ({ phone }: Trial) => new BlobShelf(new Database(BLOBS, phone.factory));

export const OPERATIONS: Operation[] = [
  {
    name: 'save a draft',
    scene: freshly,
    async prepare(trial) {
      trial.input = await consent(trial);
    },
    async run(trial) {
      const id = trial.input?.draftId ?? '';
      const stored = await trial.client.draft(id);
      if (!stored) throw new Error('no draft to save');
      const draft = structuredClone(stored.draft);
      (draft.answers.g_person as Record<string, string>).n_phone = '13811111111';
      await trial.client.saveDraft({ ...stored, updated: new Date().toISOString(), draft });
    },
    async wrong(trial) {
      const stored = await trial.client.draft(trial.input?.draftId ?? '');
      const person = stored?.draft.answers.g_person as Record<string, string> | undefined;
      return [
        ...unless(drafts(trial) === 1, 'not one draft'),
        ...unless(person?.n_phone === '13811111111', 'the last answer is lost'),
      ];
    },
  },
  {
    name: 'throw a draft away',
    scene: freshly,
    prepare: door,
    async run(trial) {
      await trial.client.removeDraft(trial.input?.draftId ?? '');
    },
    wrong: async (trial) => [...unless(drafts(trial) === 0, 'the draft is back')],
  },
  {
    name: 'keep a photo',
    scene: freshly,
    async prepare(trial) {
      trial.input = await fill(trial.client, 'door_check', { remark: 'x' }, { title: trial.name });
      trial.photo = { name: '', bytes: picture(40_000) };
    },
    async run(trial) {
      const { photo, input } = trial;
      if (!photo || !input) throw new Error('not prepared');
      photo.name = await trial.client.blobs.put(photo.bytes, 'image/png', input.draftId);
    },
    async wrong(trial) {
      const heads = await shelf(trial).heads();
      return [
        ...unless(await hasPhoto(trial), 'the photo is lost'),
        ...unless(heads.length === 1, 'the photo is there twice'),
      ];
    },
  },
  {
    name: 'finish a visit with a photo',
    scene: freshly,
    prepare: door,
    async run(trial) {
      trial.ids.push(await trial.client.finish(trial.input as FinishInput));
      await sync(trial);
    },
    /** Without the battery's end the form still stands open. */
    async again(trial, battery) {
      if (!battery || drafts(trial)) await this.run(trial);
      else await sync(trial);
    },
    async wrong(trial) {
      return [
        ...unless(drafts(trial) === 0, 'the draft is left'),
        ...unless(await hasPhoto(trial), 'the photo is lost'),
      ];
    },
  },
  {
    name: 'push and take the answer',
    scene: freshly,
    async prepare(trial) {
      for (const name of [trial.name, `${trial.name}乙`])
        trial.ids.push(await register(trial.client, name, '13800000002'));
    },
    run: sync,
    async wrong(trial) {
      const [mine] = trial.client.outbox().filter(({ id }) => id === trial.ids[0]);
      return [
        ...unless(mine?.state === 'sent' || mine?.state === 'durable', 'not sent'),
        ...unless(named(trial) === 1, 'not once in the registry'),
      ];
    },
  },
  {
    name: 'pull a page',
    scene: freshly,
    prepare: ({ world, name }) => world.elsewhere(name),
    run: sync,
    wrong: async (trial) => [
      ...unless(named(trial) === 1, 'not once in the registry'),
      ...unless(
        !trial.phone.requests.includes('/api/sync/manifest'),
        'the copy had to be repaired',
      ),
    ],
  },
  {
    name: 'repair a damaged copy',
    async scene(world) {
      const phone = await freshly(world);
      await world.elsewhere('损坏');
      await (await phone.restart()).unlock(PIN);
      phone.off();
      const disk = await read(phone.factory);
      const rows = disk.rows['fs-field']?.base as { key: string; sealed: ArrayBuffer }[];
      for (const row of rows) if (row.key.includes('.care#')) row.sealed = row.sealed.slice(0, 40);
      return phone.on(await write(disk));
    },
    prepare: ({ world, name }) => world.elsewhere(name),
    run: sync,
    wrong: async (trial) => [
      ...unless(named(trial) === 1, 'not once in the registry'),
      ...unless(trial.client.registry('health').list('client').length > 1, 'records are missing'),
    ],
  },
  {
    name: 'send a photo',
    scene: freshly,
    async prepare(trial) {
      await door(trial);
      const { weather } = trial.phone;
      trial.phone.weather = (path, init, next) =>
        path === '/api/sync/blob' ? Promise.reject(new TypeError('cut')) : next(path, init);
      trial.ids.push(await trial.client.finish(trial.input as FinishInput));
      await sync(trial);
      trial.phone.weather = weather;
    },
    run: sync,
    wrong: async (trial) => [...unless(await hasPhoto(trial), 'the photo is lost')],
  },
  {
    name: 'let go of what is durable',
    async scene(world) {
      const [phone, client] = await enrolled(world.server.url, 'wang');
      for (let n = 0; n < 33; n += 1)
        await client.finish(
          await fill(client, 'door_check', { remark: `${n}` }, { title: `${n}` }),
        );
      await sync({ client } as Trial);
      world.allDurable();
      phone.off();
      return phone;
    },
    async prepare(trial) {
      trial.ids.push(await register(trial.client, trial.name, '13800000003'));
    },
    async run(trial) {
      await sync(trial);
      await sync(trial);
    },
    wrong: async ({ client }) => [
      ...unless(client.outbox().length <= 31, 'nothing was let go of'),
      ...unless(client.outbox().length >= 30, 'too much was let go of'),
    ],
  },
  {
    name: 'take a new form',
    async scene(world) {
      world.publish('1');
      const phone = await freshly(world);
      phone.off();
      world.publish('2');
      return phone;
    },
    run: sync,
    async wrong({ client }) {
      const form = await client.definition('doors');
      const items = client.host('housing', form).items('clinics');
      return [
        ...unless(form.version === '2', 'still the old form'),
        ...unless(items[0]?.name === 'c2', 'still the old list'),
      ];
    },
  },
  {
    name: 'lock and unlock',
    scene: freshly,
    async prepare(trial) {
      trial.input = await consent(trial);
      trial.ids.push(await register(trial.client, `${trial.name}乙`, '13800000004'));
    },
    async run(trial) {
      trial.client.lock();
      if (!(await trial.client.unlock(PIN))) throw new Error('the PIN opens it no more');
      await sync(trial);
    },
    wrong: async (trial) => [...unless(drafts(trial) === 1, 'the draft is lost')],
  },
  {
    name: 'enrol',
    scene: async (world) => new TestPhone(world.server.url),
    isClosed: true,
    async run(trial) {
      if (trial.client.phase() === 'fresh') await trial.client.login('wang', passwordOf('wang'));
      await trial.client.enrol(PIN, '红米 9A');
    },
    /** The screen for the PIN still stands there; after the battery, whatever screen comes. */
    async again(trial, battery) {
      const phase = trial.client.phase();
      if (phase !== 'open' && !battery) await trial.client.enrol(PIN, '红米 9A');
      else if (phase === 'fresh') await this.run(trial);
      else if (phase === 'locked' && !(await trial.client.unlock(PIN)))
        throw new Error('the PIN opens it no more');
      await sync(trial);
    },
    wrong: async ({ client }) => [
      ...unless(client.catalogue().forms.length > 3, 'no forms'),
      ...unless(client.areas().length > 0, 'no villages'),
    ],
  },
  {
    name: 'a new PIN for a forgotten one',
    async scene(world) {
      const [phone, client] = await enrolled(world.server.url, 'wang');
      phone.weather = () => Promise.reject(new TypeError('no network'));
      await fill(client, 'consent_record', consentOf('旧草稿', '13800000005'), { title: '旧草稿' });
      phone.off();
      return phone;
    },
    isClosed: true,
    async run(trial) {
      await trial.client.login('wang', passwordOf('wang'));
      await trial.client.enrol(NEW_PIN, '红米 9A');
    },
    async again(trial, battery) {
      if (!battery && trial.client.phase() !== 'open') await trial.client.enrol(NEW_PIN, '红米 9A');
      const isOpen = trial.client.phase() === 'open';
      if (!isOpen && !(await trial.client.unlock(NEW_PIN)) && !(await trial.client.unlock(PIN)))
        throw new Error('no PIN opens it');
      await sync(trial);
    },
    wrong: async ({ client }) => [...unless(client.drafts().length === 1, 'the draft is lost')],
  },
  {
    name: 'a month without contact',
    async scene(world) {
      const [phone, client] = await enrolled(world.server.url, 'wang');
      phone.weather = noSignal;
      await fill(client, 'consent_record', consentOf('旧草稿', '13800000005'), { title: '旧草稿' });
      phone.off();
      return phone;
    },
    isClosed: true,
    async run({ client, phone }) {
      if (client.phase() === 'locked') {
        const { weather } = phone;
        const later = Date.now() + 31 * 24 * 3600_000;
        [phone.weather, phone.clock] = [noSignal, () => later];
        if (await client.unlock(PIN)) throw new Error('the copy can still be read');
        phone.weather = weather;
      }
      await client.login('wang', passwordOf('wang'));
      await client.enrol(NEW_PIN, '红米 9A');
    },
    async again(trial, battery) {
      const { client } = trial;
      const isOpen = client.phase() === 'open';
      const opens =
        isOpen || (battery && client.phase() === 'locked' && (await client.unlock(NEW_PIN)));
      if (!opens) await this.run(trial);
      await sync(trial);
    },
    wrong: async ({ client }) => [...unless(client.drafts().length === 1, 'the draft is lost')],
  },
  {
    name: 'save the outbox as a file',
    scene: freshly,
    async prepare(trial) {
      await door(trial);
      trial.ids.push(await trial.client.finish(trial.input as FinishInput));
      await sync(trial);
    },
    async run(trial) {
      const file = await trial.client.exportOutbox();
      const { items, blobs } = JSON.parse(await file.text());
      if (items.length !== 1 || items[0].id !== trial.ids[0])
        throw new Error('the visit is missing');
      // What can't be read of photos must not keep the text from being saved.
      trial.name = blobs.length === 1 ? 'whole' : 'text only';
    },
    wrong: async ({ name }) => [...unless(name === 'whole', 'the photo is missing')],
  },
];
