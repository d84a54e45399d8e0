/**
 * Keeps the catalogue and every form it names on the phone. The forms and their data lists come first: what is offered can
 * be opened. Pictures and sounds follow when everything else is done.
 */
import { decode } from '@/crypto/bytes';
import { type Check, dict, list, object, record, text } from '@/protocol/shape';
import type { Catalogue, FormDefinition, FormFile, FormRef, Program } from '@/protocol/types';
import { filesOf, listsOf } from '@/store/formFiles';
import type { Knowledge } from '@/store/phone';
import { type Step, type SyncContext, stopOf } from './context';
import { callFile, callJson, type Net, type Result } from './http';

const catalogue: Check<Catalogue> = record<Catalogue>({
  hash: text,
  programs: list((program) => {
    record({ id: text, scope: text, types: dict(object()) })(program);
    return program as Program;
  }),
  forms: list((ref) => {
    record({ id: text, version: text, program: text, scope: text })(ref);
    return ref as FormRef;
  }),
});

/** `yielding`: a visit waits to be sent, so leave off here. */
export async function downloadForms(
  ctx: SyncContext,
  hash: string,
  yielding: AbortSignal,
): Promise<Step> {
  if (hash === ctx.knowledge.catalogue.hash) return fetchMissing(ctx, ctx.olderForms(), yielding);
  ctx.report({ step: 'forms', progress: 0 });
  const result = await callJson(ctx.net, 'GET', '/api/catalogue', undefined, catalogue);
  if (!result.ok) return stopOf(result);
  const refs = [...result.value.forms, ...ctx.olderForms()];
  const stop = await fetchMissing(ctx, refs, yielding);
  if (stop || ctx.stopped() || yielding.aborted) return stop;
  await ctx.knowledge.setCatalogue(result.value);
  await ctx.changed('catalogue');
  return null;
}

async function fetchMissing(
  ctx: SyncContext,
  refs: readonly { id: string; version: string }[],
  yielding: AbortSignal,
): Promise<Step> {
  for (const [i, { id, version }] of refs.entries()) {
    if (ctx.stopped() || yielding.aborted) return null;
    if (await ctx.knowledge.hasForm(id, version)) continue;
    ctx.report({ step: 'forms', progress: i / refs.length });
    const form = await obtainForm(ctx.net, ctx.knowledge, id, version, yielding);
    if (!form.ok) return yielding.aborted ? null : stopOf(form);
  }
  return null;
}

/** A published version with its data lists; kept only when all are here. */
export async function obtainForm(
  net: Net,
  knowledge: Knowledge,
  id: string,
  version: string,
  yielding: AbortSignal | null = null,
): Promise<Result<FormDefinition>> {
  const form = await fetchForm(net, id, version);
  if (!form.ok) return form;
  for (const [, file] of listsOf(form.value)) {
    if (await knowledge.files.has(file.sha)) continue;
    const bytes = await fetchFile(net, form.value, file, yielding);
    if (!bytes.ok) return bytes;
    await knowledge.files.setList(file.sha, JSON.parse(decode(bytes.value)));
  }
  await knowledge.setForm(form.value);
  await knowledge.files.open(form.value);
  return form;
}

/** Pictures and sounds of the forms here, one after the other; then what no form here needs goes. */
export async function downloadMedia(ctx: SyncContext, yielding: AbortSignal): Promise<Step> {
  const { files } = ctx.knowledge;
  const needed = new Map<string, [FormDefinition, FormFile]>();
  for (const form of await neededForms(ctx))
    for (const file of filesOf(form)) needed.set(file.sha, [form, file]);
  const missing = [];
  for (const [sha, wanted] of needed) if (!(await files.has(sha))) missing.push(wanted);
  for (const [i, [form, file]] of missing.entries()) {
    if (ctx.stopped() || yielding.aborted) return null;
    ctx.report({ step: 'files', progress: i / missing.length });
    const bytes = await fetchFile(ctx.net, form, file, yielding);
    if (yielding.aborted) return null;
    if (!bytes.ok) return stopOf(bytes);
    await files.setMedia(file.sha, bytes.value);
    await ctx.changed('files');
  }
  await files.keepOnly(new Set(needed.keys()));
  return null;
}

async function neededForms(ctx: SyncContext): Promise<FormDefinition[]> {
  const { knowledge } = ctx;
  const refs = [...knowledge.catalogue.forms, ...ctx.olderForms()];
  const forms = await Promise.all(refs.map(({ id, version }) => knowledge.form(id, version)));
  return forms.filter((form) => form !== undefined);
}

/** As long as it takes over the slowest network, 1 kB a second. */
function fetchFile(
  net: Net,
  form: FormDefinition,
  { sha, size }: FormFile,
  signal: AbortSignal | null = null,
) {
  const path = `${pathOf(form.id, form.version)}/files/${sha}`;
  return callFile(net, path, sha, 60_000 + size, signal);
}

const pathOf = (id: string, version: string): string =>
  `/api/forms/${encodeURIComponent(id)}/${encodeURIComponent(version)}`;

/** One published version; it never changes. */
function fetchForm(net: Net, id: string, version: string): Promise<Result<FormDefinition>> {
  return callJson(net, 'GET', pathOf(id, version), undefined, (body) => {
    record({ nodes: list(object()), lists: object() })(body);
    const definition = body as FormDefinition;
    if (definition.id !== id || definition.version !== version) throw new TypeError('another form');
    return definition;
  });
}
