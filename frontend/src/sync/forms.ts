/** Keeps the catalogue and every form it names on the phone. The forms come first: what is offered can be opened. */
import { type Check, dict, list, object, record, text } from '@/protocol/shape';
import type { Catalogue, FormDefinition, FormRef, Program } from '@/protocol/types';
import { type Step, type SyncContext, stopOf } from './context';
import { callJson, type Result } from './http';

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

export async function downloadForms(ctx: SyncContext, hash: string): Promise<Step> {
  if (hash === ctx.knowledge.catalogue.hash) return fetchMissing(ctx, ctx.olderForms());
  ctx.report({ step: 'forms', progress: 0 });
  const result = await callJson(ctx.net, 'GET', '/api/catalogue', undefined, catalogue);
  if (!result.ok) return stopOf(result);
  const stop = await fetchMissing(ctx, [...result.value.forms, ...ctx.olderForms()]);
  if (stop || ctx.stopped()) return stop;
  await ctx.knowledge.setCatalogue(result.value);
  await ctx.changed('catalogue');
  return null;
}

async function fetchMissing(
  ctx: SyncContext,
  refs: readonly { id: string; version: string }[],
): Promise<Step> {
  for (const [i, { id, version }] of refs.entries()) {
    if (ctx.stopped()) return null;
    if (await ctx.knowledge.hasForm(id, version)) continue;
    ctx.report({ step: 'forms', progress: i / refs.length });
    const form = await fetchForm(ctx.net, id, version);
    if (!form.ok) return stopOf(form);
    await ctx.knowledge.setForm(form.value);
  }
  return null;
}

/** One published version; it never changes. */
export function fetchForm(
  net: SyncContext['net'],
  id: string,
  version: string,
): Promise<Result<FormDefinition>> {
  const path = `/api/forms/${encodeURIComponent(id)}/${encodeURIComponent(version)}`;
  return callJson(net, 'GET', path, undefined, (body) => {
    record({ nodes: list(object()), lists: object() })(body);
    const definition = body as FormDefinition;
    if (definition.id !== id || definition.version !== version) throw new TypeError('another form');
    return definition;
  });
}
