/**
 * Finishing a visit: from answers to an item in the outbox, never two for one visit and never none.
 *
 * The submission's id was given to the draft when it was begun. A crash after the outbox was written leaves the draft;
 * the next start (or the next try) finds the id in the outbox and only removes the draft.
 */
import { blobsOf } from '@/protocol/blobs';
import { derive } from '@/protocol/derive';
import { sourcesOf } from '@/protocol/sources';
import { buildSubmission, type Known, type OpsInput, type Original } from '@/protocol/submission';
import type {
  Answers,
  FinishInput,
  FormDefinition,
  LiveValue,
  Me,
  Program,
  ReturnedTask,
  Submission,
} from '@/protocol/types';
import type { Blobs } from './blobs';
import { localDay, localMoment } from './clock';
import type { Drafts, Seen } from './drafts';
import type { Content, Items } from './items';
import type { OutboxRecord } from './outbox';
import type { ScopeRegistry } from './registry';
import { kindOf, typesOf } from './view';

export interface FinishDeps {
  items: Items;
  drafts: Drafts;
  blobs: Blobs;
  registry: ScopeRegistry;
  programs: readonly Program[];
  me: Me;
  returned: readonly ReturnedTask[];
  /** An older version of the form, if the phone has it. */
  definition(form: string, version: string): Promise<FormDefinition | undefined>;
  app: string;
  now(): number;
  /** Milliseconds since some fixed moment, whatever happens to the wall clock. */
  mono(): number;
  newId(): string;
}

/** The id of the submission; it resolves only after the bytes were read back. */
export async function finish(input: FinishInput, deps: FinishDeps): Promise<string> {
  const entry = deps.drafts.entryOf(input.draftId);
  const sid = entry?.sid ?? deps.newId();
  const draft = (await deps.drafts.get(input.draftId))?.draft;
  const { shown, kept = [] } = draft ?? {};
  const visit = { input, shown: new Set(shown), kept, seen: entry?.seen ?? {} };
  const record = await place(visit, sid, deps);
  await deps.items.load();
  await deps.items.confirm(record.id, record.sha);
  await deps.drafts.remove(input.draftId);
  // Which visit holds what is known from the outbox: if this fails, the next start does it.
  await deps.blobs.shelf.settle(heldBy(deps.items, input.draftId)).catch(() => undefined);
  return record.id;
}

/** The draft is a visit now: what it took hold of is the visit's, what it replaced on the way nobody's. */
function heldBy(items: Items, draft: string): Parameters<Blobs['shelf']['settle']>[0] {
  return (head) => {
    if (!head.drafts.includes(draft)) return undefined;
    const visits = new Set([...head.visits, ...items.naming(head.sha)]);
    return { drafts: head.drafts.filter((id) => id !== draft), visits: [...visits] };
  };
}

interface Visit {
  input: FinishInput;
  /** Paths the form filled from the registry, whatever became of them. */
  shown: ReadonlySet<string>;
  /** Paths of secrets that stand as sent while they are left blank. */
  kept: readonly string[];
  seen: Seen;
}

async function place(visit: Visit, sid: string, deps: FinishDeps): Promise<OutboxRecord> {
  const { outbox } = deps.items;
  const existing = await outbox.get(sid);
  if (!existing) return add(visit, sid, deps);
  // An earlier try came as far as the outbox. The same answers: it is there. Others: replace what has not left yet.
  const body = await deps.items.body(existing);
  if (body && isSame((JSON.parse(body) as Submission).answers, visit.input.answers))
    return existing;
  const replaced = await outbox.replace(existing, await preparing(visit, sid, deps));
  if (replaced) return replaced;
  // It has left: what changed since is a correction of it.
  const correction = { ...visit, input: { ...visit.input, corrects: sid } };
  return add(correction, await deps.drafts.renumber(visit.input.draftId), deps);
}

async function add(visit: Visit, sid: string, deps: FinishDeps): Promise<OutboxRecord> {
  return deps.items.outbox.add(sid, await preparing(visit, sid, deps));
}

/** Everything but the number is settled; the outbox calls this with a number, again if another tab took it. */
async function preparing(visit: Visit, sid: string, deps: FinishDeps) {
  const { input } = visit;
  const ops = await opsInput(visit, sid, deps);
  const at = deps.now();
  const blobs = blobsOf(input.def, input.answers);
  // A disk too full to note this must not hold the text back: the outbox says it too.
  await deps.blobs.shelf.hold(sid, blobs, at).catch(() => undefined);
  return async (n: number, install: string) => {
    const submission = buildSubmission(
      {
        id: sid,
        install,
        n,
        user: deps.me.id,
        form: input.def.id,
        fv: input.def.version,
        app: deps.app,
        at: localMoment(at),
        clk: { wall: at, mono: Math.round(deps.mono()) },
        area: input.area,
        corrects: input.corrects ?? null,
        on: ops.on,
        answers: input.answers,
        blobs,
      },
      ops,
    );
    const { id: form, scope } = input.def;
    const content: Content = {
      form,
      scope,
      title: input.title,
      author: deps.me.name,
      body: JSON.stringify(submission),
    };
    return deps.items.prepare(content, sid);
  };
}

async function opsInput(visit: Visit, sid: string, deps: FinishDeps): Promise<OpsInput> {
  const { def, answers, touched, corrects } = visit.input;
  const derived = derive(def, deps.programs, answers, sid);
  const form = { def, answers, touched: new Set(touched), shown: visit.shown };
  return {
    derived,
    on: derived.on ?? localDay(deps.now()),
    sources: sourcesOf(form, deps.programs),
    known: known(visit, deps),
    original: corrects ? await original(corrects, visit, deps) : null,
  };
}

function known({ input, seen }: Visit, { registry, programs }: FinishDeps): Known {
  const types = typesOf(programs, input.def.scope);
  const now = (e: string, r: string): readonly LiveValue[] => registry.get(e)?.live[r] ?? [];
  return {
    kind: (type, register) => kindOf(types.get(type), register),
    now,
    seen: (e, r) => (seen[e] ? (seen[e][r] ?? []) : now(e, r)),
  };
}

/** The submission being corrected, from this phone's outbox or from what came back with the review. */
async function original(
  id: string,
  { input: { def }, kept }: Visit,
  deps: FinishDeps,
): Promise<Original | null> {
  const own = deps.items.submission(id);
  const task = deps.returned.find((returned) => returned.submission === id);
  const about: { answers: Answers; fv: string } | undefined = own ?? task;
  if (!about) return null;
  const version = about.fv === def.version ? def : await deps.definition(def.id, about.fv);
  const writesOf = (answers: Answers) => derive(version ?? def, deps.programs, answers, id).writes;
  // A secret left blank wasn't taken back: it wasn't shown.
  const shown = writesOf(task?.answers ?? kept.reduce(withoutAnswer, about.answers));
  return { id, writes: writesOf(about.answers), shown, ops: own?.ops ?? [] };
}

/** path: `residents[0]/r_idno`; of every instance, since the numbers are those of the correction. */
function withoutAnswer(answers: Answers, path: string): Answers {
  const [, name = '', rest = ''] = /^([^/[]+)(?:\[\d+\])?\/?(.*)$/.exec(path) ?? [];
  const { [name]: found, ...others } = answers;
  if (!rest || typeof found !== 'object') return others;
  const within = (part: Answers) => withoutAnswer(part, rest);
  return { ...others, [name]: Array.isArray(found) ? found.map(within) : within(found) };
}

/** Equal as JSON, whatever the order of members. */
function isSame(a: unknown, b: unknown): boolean {
  return stable(a) === stable(b);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
      : part,
  );
}
