/** Everything an open phone holds, put together from one data key. Locking is letting go of this object. */
import { fromBase64, toBase64 } from '@/crypto/bytes';
import type {
  Area,
  ClientEvent,
  FinishInput,
  FormDefinition,
  FormHost,
  OutboxItem,
  ReturnedTask,
  Scope,
} from '@/protocol/types';
import { Base, type SealedBase } from './base';
import { type Addressee, type BlobShelf, Blobs, isUnsent } from './blobs';
import { localDay } from './clock';
import { Drafts } from './drafts';
import { finish } from './finish';
import { hostFor } from './host';
import type { Database } from './idb';
import { Items } from './items';
import type { Outbox } from './outbox';
import { type Device, Knowledge } from './phone';
import { type Own, returnedTasks } from './post';
import { ScopeRegistry } from './registry';
import type { Sealer } from './sealed';
import type { Initials } from './search';
import { slices } from './slices';
import { attachedTo, Transfer } from './transfer';

export interface OpenDeps {
  field: Database;
  outbox: Outbox;
  shelf: BlobShelf;
  sealer: Sealer;
  device: Device;
  initials(): Initials | null;
  /** For whom what is captured is sealed too. */
  to(): Addressee;
  app: string;
  now(): number;
  mono(): number;
  newId(): string;
}

/** How long a draft or a visit that isn't there may still be on its way, ms. */
const FRESH = 24 * 3600_000;
const SCOPES: readonly Scope[] = ['health', 'housing'];

/** Whether something names one of these entities. */
function naming(entities: readonly string[]): (value: unknown) => boolean {
  return (value) => {
    const text = JSON.stringify(value);
    return entities.some((id) => text.includes(id));
  };
}

export class Opened {
  readonly base: Base;
  readonly drafts: Drafts;
  readonly items: Items;
  readonly blobs: Blobs;
  readonly transfer = new Transfer();
  readonly knowledge: Knowledge;
  private readonly registries: Map<Scope, ScopeRegistry>;
  private post: ReturnedTask[] = [];

  constructor(readonly deps: OpenDeps) {
    const { field, outbox, sealer, newId } = deps;
    this.base = new Base(field, sealer);
    this.items = new Items(outbox, sealer, deps.to);
    this.blobs = new Blobs(deps.shelf, sealer, deps.now, deps.to);
    this.knowledge = new Knowledge(field, sealer);
    this.drafts = new Drafts(
      field,
      sealer,
      newId,
      (id) => this.liveOf(id),
      (sid) => this.items.submission(sid) !== undefined,
    );
    const day = () => localDay(deps.now());
    this.registries = new Map(
      SCOPES.map((scope) => [scope, new ScopeRegistry(scope, day, deps.initials)]),
    );
  }

  /** early: the base copy as it was read while somebody typed the PIN. */
  async load(early?: SealedBase | null): Promise<void> {
    await Promise.all([
      this.base.load(early),
      this.drafts.load(),
      this.items.load(),
      this.knowledge.load(),
      this.blobs.load(),
    ]);
    this.programsChanged();
    this.refresh();
    const slice = slices();
    for (const registry of this.registries.values()) await registry.prepare(slice);
    await this.sweep();
  }

  /** Brings memory up to what was written, here or in another tab. */
  async reload(what: ClientEvent): Promise<void> {
    if (what === 'drafts') await this.drafts.load();
    if (what === 'catalogue') {
      await this.knowledge.load();
      this.programsChanged();
    }
    if (what === 'outbox' || what === 'registry') {
      await Promise.all([this.items.load(), this.blobs.load(), this.base.refresh()]);
      this.refresh();
    }
  }

  /** What an older build left, or what was captured before the server's key was known, survives the data key too. */
  async sealLagging(): Promise<void> {
    await this.items.sealLagging();
    await this.blobs.sealLagging();
    await this.drafts.sealLagging();
  }

  registry(scope: Scope): ScopeRegistry {
    return this.registries.get(scope) as ScopeRegistry;
  }

  host(scope: Scope, def?: FormDefinition): FormHost {
    const { now, newId, device } = this.deps;
    const { me, areas } = this.knowledge.profile;
    return hostFor(scope, {
      registry: this.registry(scope),
      me,
      areas,
      attached: def ? this.knowledge.files.listsOf(def) : {},
      device: device.id,
      now,
      newId,
    });
  }

  /** A short text for the page to keep, where others may look. */
  async conceal(text: string): Promise<string> {
    return toBase64(await this.deps.sealer.seal('page', 'text', text));
  }

  /** Null: another phone's, or not sealed at all. */
  async reveal(sealed: string): Promise<string | null> {
    const { sealer } = this.deps;
    return Promise.resolve(sealed)
      .then((text) => sealer.open<string>('page', 'text', fromBase64(text).buffer))
      .catch(() => null);
  }

  areas(): Area[] {
    return this.knowledge.profile.areas;
  }

  returned(): ReturnedTask[] {
    return this.post;
  }

  outbox(sending: boolean): OutboxItem[] {
    const returned = new Set(this.post.map((task) => task.submission));
    const { heads } = this.blobs;
    return this.items.list(sending, returned, (shas) => attachedTo(shas, heads, this.transfer));
  }

  /** Attachments of finished visits that the server doesn't have whole. */
  unsentBlobs(): number {
    const named = new Set([...this.items.named().values()].flatMap(({ shas }) => shas));
    return this.blobs.heads.filter((head) => named.has(head.sha) && isUnsent(head)).length;
  }

  async finish(input: FinishInput): Promise<string> {
    const { items, drafts, blobs, knowledge } = this;
    const { now, mono, newId, app } = this.deps;
    const definition = (form: string, version: string) => knowledge.form(form, version);
    const id = await finish(input, {
      ...{ items, drafts, blobs, now, mono, newId, app, definition },
      registry: this.registry(input.def.scope),
      programs: knowledge.catalogue.programs,
      me: knowledge.profile.me,
      returned: this.post,
    });
    await this.blobs.load();
    this.refresh();
    return id;
  }

  /** The base copy or the outbox changed: views are worked out again when looked at. */
  refresh(): void {
    const pending = this.items.pending();
    for (const registry of this.registries.values()) registry.update(this.base, pending);
    this.post = returnedTasks(
      this.base.entities(),
      (id) => this.own(id),
      (id) => this.items.isCorrected(id),
    );
  }

  /** What was erased on the server goes here too: drafts, visits it has, their photos. */
  async forget(entities: readonly string[]): Promise<void> {
    const names = naming(entities);
    const drafts = await this.draftsThat(names);
    for (const id of drafts) await this.drafts.remove(id);
    const visits = this.items
      .all()
      .filter(({ submission: { entities: e, answers } }) => names({ e, answers }))
      .map(({ record }) => record.id);
    await this.deps.outbox.forget(visits);
    await this.items.load();
    const gone = visits.filter((id) => !this.items.has(id));
    await this.release(drafts, gone);
    this.refresh();
  }

  /** The server refused them because of whom they are about. */
  async hollow(visits: readonly string[]): Promise<void> {
    await this.items.hollow(visits);
    await this.items.load();
    await this.release([], visits);
  }

  private async draftsThat(names: (answers: unknown) => boolean): Promise<string[]> {
    const found: string[] = [];
    for (const { id } of this.drafts.list()) {
      const stored = await this.drafts.get(id).catch(() => undefined);
      if (stored && names(stored.draft)) found.push(id);
    }
    return found;
  }

  /** Attachments that nobody else needs go with them. */
  private async release(drafts: readonly string[], visits: readonly string[]): Promise<void> {
    await this.blobs.shelf.settle((head) => ({
      drafts: head.drafts.filter((id) => !drafts.includes(id)),
      visits: head.visits.filter((id) => !visits.includes(id)),
    }));
    await this.blobs.load();
  }

  programsChanged(): void {
    const { programs } = this.knowledge.catalogue;
    for (const registry of this.registries.values()) registry.setPrograms(programs);
  }

  /** Drafts whose visit reached the outbox before the phone went down. */
  private async sweep(): Promise<void> {
    // Sent while locked, and refused: only an open phone can empty them.
    const refused = this.items.all().filter(({ record }) => record.why === 'erased');
    if (refused.length)
      await this.hollow(refused.map(({ record }) => record.id)).catch(() => undefined);
    for (const { record } of this.items.all()) {
      const draft = this.drafts.leftoverOf(record.id);
      if (draft) await this.drafts.remove(draft);
    }
    await this.sweepBlobs().catch(() => undefined);
  }

  /** Attachments held by drafts and visits that a crash, or another tab, left nothing of. */
  private async sweepBlobs(): Promise<void> {
    const now = this.deps.now();
    await this.blobs.shelf.settle(({ sha, at, drafts, visits }) => {
      // Somebody may be filling or finishing this very moment, in another tab.
      const isFresh = Math.abs(now - at) < FRESH;
      const named = this.items.naming(sha);
      const stands = (sid: string) =>
        this.items.submission(sid) ? named.includes(sid) : this.items.has(sid) || isFresh;
      return {
        drafts: drafts.filter((id) => isFresh || this.drafts.entryOf(id)),
        visits: [...new Set([...named, ...visits.filter(stands)])],
      };
    });
  }

  private own(id: string): Own | undefined {
    const content = this.items.content(id);
    const submission = this.items.submission(id);
    if (!content || !submission) return undefined;
    const { fv, area, answers } = submission;
    const { form, scope, title } = content;
    return { form, fv, scope, area, title, answers, kept: [] };
  }

  private liveOf(entity: string) {
    for (const registry of this.registries.values()) {
      const view = registry.get(entity);
      if (view) return view.live;
    }
    return undefined;
  }
}
