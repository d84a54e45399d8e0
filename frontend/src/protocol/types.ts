/**
 * The nouns everybody shares: compiled forms, answers, submissions, what the server sends, what screens are given.
 * No I/O, no Vue, no storage. The formats are described in docs/form-definition.md and docs/sync.md.
 */

// ---- compiled forms ---------------------------------------------------------------------------

export type Expr = [string, ...unknown[]];
export type Text = string | { parts: (string | Expr)[] } | null;

export interface FormNode {
  n: string;
  p: number;
  k: 'group' | 'repeat' | 'leaf';
  t?: string;
  c?: string;
  l?: Text[];
  h?: Text[];
  g?: Text[];
  rel?: Expr;
  req?: Expr;
  con?: Expr;
  ro?: Expr;
  calc?: Expr;
  msg?: Text[];
  rmsg?: Text[];
  ap?: string;
  items?: Items;
  def?: string;
  pre?: string;
  count?: Expr;
  fix?: boolean;
  /** Of a repeat: what its first instances hold, by path within one; absent: one like any other. */
  begin?: Record<string, string>[];
  /** Of a repeat in a repeat: how many instances it has in a new instance of the outer one (default 0). */
  inner?: number;
  range?: [number, number, number];
  /** Of an upload: accepted files, e.g. image/*. */
  mime?: string;
  /** How the control works: the parameters column, e.g. {"max-pixels": 800}. */
  par?: Record<string, string | number>;
  media?: Record<string, string[]>;
}

/** Where choices come from: a list of the form, one of the registry or a file, or instances of a repeat. */
export interface Items {
  list?: string;
  inst?: string;
  from?: Expr;
  where?: Expr;
  value?: string;
  label?: string;
  /** Shown in an order of chance, from this seed if it is an expression. */
  rand?: Expr | true;
}

export interface Choice {
  v: string;
  l: Text[];
  x?: Record<string, string>;
  /** File names by kind (image, audio…), one per language. */
  m?: Record<string, string[]>;
}

/** A file that comes with a form, as a phone gets it: a data list as a table in JSON. */
export interface FormFile {
  sha: string;
  type: string;
  size: number;
}

export interface FormDefinition {
  id: string;
  version: string;
  program: string;
  scope: Scope;
  title: string[];
  langs: string[];
  nodes: FormNode[];
  lists: Record<string, Choice[]>;
  external: string[];
  /** Data lists that came with the form: list → file. */
  attached?: Record<string, string>;
  files?: Record<string, FormFile>;
  actions: { on: 'load' | 'open' | 'repeat' | 'change'; at: number; set: number; x: Expr }[];
  entities: { list: string; in: number; node: number; saves: [number, string][] }[];
  date?: number;
}

export type Scope = 'health' | 'housing';
export type AnswerValue = string | Answers | Answers[];
export interface Answers {
  [name: string]: AnswerValue;
}
/** Everything a session needs to be restored, non-relevant answers included. Opaque to everybody but forms/session.ts. */
export interface Draft {
  answers: Answers;
  touched: string[];
  /** Paths filled from the registry and not changed since. */
  prefilled?: string[];
  /** Paths that were ever filled from the registry: what the worker was shown, and so may replace (C4 of docs/sync.md). */
  shown?: string[];
  /** The answers are those of a finished visit that is being corrected. */
  correcting?: boolean;
  /** Paths of secret answers of the visit being corrected: not shown again, and standing as sent while left blank. */
  kept?: string[];
  [key: string]: unknown;
}

// ---- a form being filled ----------------------------------------------------------------------

/** An item as expressions see it: id, title, properties; `edd/@on` and `edd/@by` are keys of that spelling. */
export interface RegistryItem {
  name: string;
  label: string;
  [prop: string]: string;
}

export interface FormHost {
  /** Local date, YYYY-MM-DD. */
  today(): string;
  /** Local ISO date-time with offset. */
  now(): string;
  uuid(): string;
  /** Answers instance('list'). */
  items(list: string): readonly RegistryItem[];
  /** Indexed equality over a list, if there is one. */
  find?(list: string, prop: string, value: string): readonly RegistryItem[];
  meta: { deviceid: string; username: string };
}

export interface Option {
  value: string;
  label: string;
  [extra: string]: string;
}

export interface NodeView {
  path: string;
  node: number;
  kind: 'group' | 'repeat' | 'instance' | 'leaf';
  control?: string;
  type?: string;
  appearance?: string;
  relevant: boolean;
  required: boolean;
  readonly: boolean;
  label: string;
  hint: string;
  /** How to ask it, for who wants to know. */
  guidance: string;
  value: string;
  options?: Option[] | undefined;
  /** The message to show; set only once the question was answered or finishing was tried. */
  problem?: string | undefined;
  prefilled: boolean;
  touched: boolean;
  /** Answered when the visit was sent, and not shown again: blank means as it was. */
  kept: boolean;
  children: NodeView[];
}

export interface FormProblem {
  path: string;
  kind: 'required' | 'constraint' | 'type';
  message: string;
}

export interface FormSession {
  readonly tree: NodeView;
  /** '' clears. Throws on a path that takes no answer. */
  set(path: string, value: string): void;
  /** 'residents' → 'residents[2]'. */
  addRepeat(path: string): string;
  removeRepeat(path: string): void;
  setLang(lang: string): void;
  /** Paths whose view says something else now. */
  subscribe(fn: (changed: ReadonlySet<string>) => void): () => void;
  /** Stays the same object while its instance stands; it is changed in place. */
  view(path: string): NodeView;
  /** What keeps the visit from being finished, in order. Asking is trying: from then on every view shows its problem. */
  problems(): FormProblem[];
  snapshot(): Draft;
  /** Throws while there are problems. */
  finish(): Answers;
}

// ---- programs, as the server publishes them to this user ----------------------------------------

export type Kind = 'one' | 'latest' | 'union' | 'min' | 'max' | 'notes';

export interface PropDef {
  label: Record<string, string>;
  kind: Kind;
  list?: string;
  group?: string;
}

export interface TypeDef {
  label: Record<string, string>;
  scope: Scope;
  area?: string;
  root?: string;
  title: Expr;
  search: string[];
  props: Record<string, PropDef>;
  computed: Record<string, Expr>;
}

export interface DeriveRule {
  form: string;
  list: string;
  /** Path of a repeat: the rule is evaluated once per instance, in that context. */
  each?: string;
  when: Expr;
  /** Keys of `set` whose values make the UUIDv5; or `entity`, an expression giving the id. */
  id?: string[];
  entity?: Expr;
  /** Whether the entity begins here; default true with `id`, false with `entity`. */
  new?: Expr;
  set: Record<string, Expr>;
}

export interface ScheduleRule {
  id: string;
  type: string;
  roles: string[];
  when: Expr;
  done: Expr;
  opens: Expr;
  due: Expr;
  overdue: Expr;
  form: string;
  label: Record<string, string>;
}

/** A version of a notice: from `effective` on the one to consent to; an older consent holds `grace` days longer. */
export interface NoticeVersion {
  version: string;
  effective: string;
  grace: number;
}
/** `texts`: by language, `simple` for those of 14 to 17; Markdown, a heading a step. */
export interface Notice extends NoticeVersion {
  texts: Record<string, { full: string; simple: string }>;
}
/** How a scope keeps consents: what records them, the form that takes and takes back, what people are told. */
export interface ConsentKeeping {
  type: string;
  people: string;
  form: string;
  /** Property of a person. */
  born: string;
  /** Paths in the form: who it is, where the notice is read out, which version of it. */
  person: string;
  read: string;
  version: string;
  /** Answers, by path, with which a known person is asked, and takes all back. */
  take: Record<string, string>;
  withdraw: Record<string, string>;
  /** Form for a note about a child in danger. */
  safeguarding: string;
  scopes: Record<string, Record<string, string>>;
  notices: Notice[];
  /** Paths in the form of the name and number of the clinic that is named; absent in what an older server told. */
  clinic?: string[];
  /** What may be sent to people, who agreed to `scope`, at the number in their property `phone`: this text and no more. */
  reminders?: { scope: string; phone: string; text: Record<string, string> };
}
/** The consent a form needs of whoever is chosen at `person`; `children`: whether anybody under 14 is served. */
export interface ConsentNeed {
  scope: string;
  person: string;
  children: boolean;
}

export interface Program {
  id: string;
  scope: Scope;
  title: Record<string, string>;
  types: Record<string, TypeDef>;
  /** Choice lists named by props, merged from the program's forms: code → [zh, en]. */
  lists: Record<string, Record<string, string[]>>;
  derive: DeriveRule[];
  schedule: ScheduleRule[];
  consents?: ConsentKeeping;
}

export interface FormRef {
  id: string;
  version: string;
  program: string;
  scope: Scope;
  title: string[];
  langs: string[];
  consent?: ConsentNeed;
}

export interface Catalogue {
  hash: string;
  programs: Program[];
  forms: FormRef[];
}

// ---- the wire ------------------------------------------------------------------------------------

export type RegisterValue = string | Record<string, string> | null;

export interface DerivedEntity {
  e: string;
  t: string;
  new: boolean;
}
export interface DerivedWrite {
  e: string;
  r: string;
  v: RegisterValue;
}
export interface Derived {
  on: string | null;
  entities: DerivedEntity[];
  writes: DerivedWrite[];
}

export interface Op extends DerivedWrite {
  sup: string[];
}

export interface Submission {
  id: string;
  install: string;
  n: number;
  user: string;
  form: string;
  fv: string;
  app: string;
  at: string;
  clk: { wall: number; mono: number };
  area: string;
  corrects: string | null;
  on: string;
  entities: DerivedEntity[];
  ops: Op[];
  answers: Answers;
  blobs: string[];
}

export type ItemState = 'stored' | 'conflict' | 'duplicate' | 'variant' | 'quarantined' | 'later';

/** [value, index into sids, op index, date the fact is about] */
export type WireValue = [RegisterValue, number, number, string];
/** [submission id, author's name, moment, form id] */
export type WireSid = [string, string, string, string];

export type WireChange =
  | {
      k: 'up';
      e: string;
      t: string;
      ver: string;
      s: Scope | 'core';
      a: string[];
      f: Record<string, WireValue[]>;
    }
  /** erase: whatever this phone holds about it goes, drafts and visits too. */
  | { k: 'leave'; e: string; erase?: boolean };

export interface FeedPage {
  epoch: string;
  seq: number;
  more: boolean;
  reset?: boolean;
  ch: WireChange[];
  sum: string;
  count: number;
}

// ---- what the client offers to screens -------------------------------------------------------------

export interface Area {
  code: string;
  name: string;
  parent: string | null;
  level: 'district' | 'town' | 'village';
  /** Name and number of the clinic that serves it; blank, or absent on a phone that hasn't asked since: none. */
  clinic?: string;
  clinic_phone?: string;
}

export interface Me {
  id: string;
  name: string;
  username: string;
  role: string;
  scopes: Scope[];
  /** Leaf areas, per scope. */
  areas: Record<string, string[]>;
  /** The password was given to them: nothing opens before they chose their own. */
  must_change_password?: boolean;
  /** Of whom has a desk; required: nothing opens before it is set up. */
  second_factor?: 'on' | 'off' | 'required' | 'none';
}

export interface LiveValue {
  v: RegisterValue;
  dot: string;
  on: string;
  at: string;
  by: string;
}

export interface EntityView {
  id: string;
  type: string;
  scope: Scope | 'core';
  areas: string[];
  title: string;
  /** Shown values, groups flattened, computed ones included. */
  props: Record<string, string>;
  /** Live values by register, shown one first. */
  live: Record<string, LiveValue[]>;
  conflicts: string[];
  /** Has writes of this phone that the server copy doesn't contain yet. */
  pending: boolean;
}

export interface Registry {
  get(id: string): EntityView | undefined;
  list(type: string): readonly EntityView[];
  find(type: string, prop: string, value: string): readonly EntityView[];
  /** Titles and `search` props; Chinese, digits and pinyin initials. Best first. */
  search(text: string, limit?: number): readonly EntityView[];
  items(type: string): readonly RegistryItem[];
}

export interface StoredDraft {
  id: string;
  form: string;
  version: string;
  scope: Scope;
  title: string;
  area: string;
  /** Submission being corrected, if any. */
  corrects: string | null;
  updated: string;
  draft: Draft;
}
export type DraftMeta = Omit<StoredDraft, 'draft'>;

export type OutboxState = 'waiting' | 'sending' | 'sent' | 'durable' | 'attention' | 'returned';

export interface OutboxItem {
  id: string;
  n: number;
  form: string;
  scope: Scope;
  title: string;
  at: string;
  state: OutboxState;
  /** Server's reason when state is attention; a key of the i18n table `why.*`. */
  why: string | null;
  /** Null: the visit names none. */
  attached: Attached | null;
}

/** The photos, recordings and files of a visit on their way. */
export interface Attached {
  total: number;
  /** Whole with the server. */
  sent: number;
  /** 0..1 of all of them. */
  part: number;
  /** What is wrong with one of them; a key of the i18n table `why.*` behind `blob_`. */
  problem: string | null;
}

export interface ReturnedTask {
  /** The submission that came back. */
  submission: string;
  form: string;
  fv: string;
  scope: Scope;
  area: string;
  title: string;
  by: string;
  at: string;
  notes: { path: string; text: string }[];
  answers: Answers;
  /** Paths of secret answers that `answers` leaves out. */
  kept: string[];
}

export interface SyncState {
  running: boolean;
  online: boolean;
  /** 0..1 while running, by items pushed and pages pulled. */
  progress: number;
  step: 'idle' | 'push' | 'pull' | 'forms' | 'blobs' | 'files';
  unsent: number;
  /** Photos, recordings and files of finished visits that the server doesn't have whole. */
  unsentBlobs: number;
  lastFull: string | null;
  /** i18n key under `sync.error.*` or null. */
  error: string | null;
  /** The session ended: pulling needs a new log-in; pushing doesn't. */
  loginNeeded: boolean;
}

export interface FinishInput {
  draftId: string;
  def: FormDefinition;
  answers: Answers;
  touched: string[];
  area: string;
  corrects?: string | null;
  title: string;
}

export type ClientEvent =
  | 'phase'
  | 'registry'
  | 'drafts'
  | 'outbox'
  | 'sync'
  | 'catalogue'
  | 'files';

/** Photos, signatures, recordings and files, sealed on this phone. */
export interface BlobStore {
  /**
   * The name to answer with. Durable and read back when it resolves; the same bytes again give the same name.
   * Throws ClientError: blob_large (10 MB), blob_empty, blob_storage (the phone is full), storage_broken.
   */
  put(bytes: Uint8Array, type: string, draft: string): Promise<string>;
  /** undefined: not on this phone (any more). */
  get(name: string): Promise<{ bytes: Uint8Array; type: string } | undefined>;
  /** The draft needs none any more; what nothing else needs is dropped. Done by removeDraft and finish. */
  release(draft: string): Promise<void>;
}

export interface Client {
  /** fresh: nobody enrolled on this phone; locked: enrolled, PIN needed; open: working. */
  phase(): 'fresh' | 'locked' | 'open';
  /** Online. code: of the second factor. Throws ClientError; detail `code_required`: it needs one. */
  login(username: string, password: string, code?: string): Promise<Me>;
  /** After login: makes the vault and the device key, then pulls everything. Reports through 'sync'. */
  enrol(pin: string, deviceName: string): Promise<void>;
  /** False: wrong. Throws ClientError: locked (detail: seconds to wait), lease (the server must be reached first). */
  unlock(pin: string): Promise<boolean>;
  /** Somebody types a PIN: what opening takes is made ready. */
  expectPin(): void;
  /** Wrong PINs that are left before what can be read is erased. */
  guessesLeft(): Promise<number>;
  /** Why there is nothing left to open: ten wrong PINs, reported lost, a month without contact. Unsent work still leaves. */
  ended(): 'attempts' | 'revoked' | 'silence' | null;
  /** Whether this phone has a fingerprint, face or screen lock that may open the app. */
  canUseDevice(): Promise<boolean>;
  opensByDevice(): boolean;
  unlockByDevice(): Promise<boolean>;
  /** Lets it open the app beside the PIN; false if that is wrong. Throws where the phone can't or the person refuses. */
  useDevice(pin: string): Promise<boolean>;
  forgetDevice(): Promise<void>;
  lock(): void;
  me(): Me;
  areas(): Area[];
  catalogue(): Catalogue;
  definition(form: string, version?: string): Promise<FormDefinition>;
  registry(scope: Scope): Registry;
  /** def: the form to be filled, whose own lists it may look into; from `definition`. */
  host(scope: Scope, def?: FormDefinition): FormHost;
  /** A picture or sound of a form; undefined while it isn't on the phone yet. */
  formFile(file: FormFile): Promise<Blob | undefined>;
  drafts(): DraftMeta[];
  draft(id: string): Promise<StoredDraft | undefined>;
  /** Durable when it resolves. */
  saveDraft(draft: StoredDraft): Promise<void>;
  removeDraft(id: string): Promise<void>;
  readonly blobs: BlobStore;
  /** Resolves only after the visit was written durably and read back. */
  finish(input: FinishInput): Promise<string>;
  outbox(): OutboxItem[];
  returned(): ReturnedTask[];
  /** A short text sealed by this phone's key, for whoever keeps it. */
  conceal(text: string): Promise<string>;
  /** Null: not sealed by this phone's key. */
  reveal(sealed: string): Promise<string | null>;
  /** Sealed outbox as a file, for when nothing else helps. */
  exportOutbox(): Promise<Blob>;
  syncNow(): Promise<void>;
  sync(): SyncState;
  on(event: ClientEvent, fn: () => void): () => void;
}

/** The one error of the client: `key` names the text in i18n under `error.*`, `fields` those of the server's problem. */
export class ClientError extends Error {
  constructor(
    readonly key: string,
    readonly detail = '',
    readonly fields: { path: string; message: string }[] = [],
  ) {
    super(key);
  }
}
