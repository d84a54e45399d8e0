/** Has expressions evaluated by all three, many in one form. */
import { openOdk } from './odk';
import { PhoneFilling } from './phone';
import type { Server } from './server';
import { type Entry, entryName, sheet } from './sheet';
import { HOPELESS } from './vocabulary';

/** What each made of an expression, as text; `threw` where ODK's engine gave up, `refused` where we don't compile it. */
export interface Outcome {
  odk: string;
  phone: string;
  server: string;
  threw?: string;
  refused?: string;
}

const MOST_IN_ONE_FORM = 250;

export async function tryAll(server: Server, entries: readonly Entry[]): Promise<Outcome[]> {
  const outcomes = new Map<Entry, Outcome>();
  const isHopeless = ({ xpath }: Entry): boolean =>
    HOPELESS.some(([, form]) => xpath.includes(form));
  const risky = entries.filter(isHopeless);
  const safe = entries.filter((entry) => !isHopeless(entry));
  for (const [some, size] of [
    [safe, MOST_IN_ONE_FORM],
    [risky, 1],
  ] as const) {
    for (let at = 0; at < some.length; at += size) {
      const together = some.slice(at, at + size);
      const found = await tryTogether(server, together);
      for (const [i, entry] of together.entries()) outcomes.set(entry, found[i] as Outcome);
    }
  }
  return entries.map((entry) => outcomes.get(entry) as Outcome);
}

/** One form; where it can't be opened, each half of it by itself. */
async function tryTogether(server: Server, entries: readonly Entry[]): Promise<Outcome[]> {
  if (entries.length === 0) return [];
  const xform = sheet(entries);
  const compiled = await server.compile(xform);
  if ('refused' in compiled)
    return halved(server, entries, { refused: compiled.refused.join('; ') });
  let odk: Awaited<ReturnType<typeof openOdk>>;
  try {
    odk = await openOdk(xform);
  } catch (error) {
    if (entries.length > 1) return halved(server, entries, {});
    const [ours] = await ownOutcomes(server, entries, compiled);
    return [{ ...(ours as Outcome), threw: String(error).split('\n')[0] as string }];
  }
  const theirs = odk.state();
  const ours = await ownOutcomes(server, entries, compiled);
  return ours.map((outcome, i) => ({
    ...outcome,
    odk: told(entries[i] as Entry, theirs[entryName(i)], theirs[entryName(i)]?.problem),
  }));
}

async function halved(
  server: Server,
  entries: readonly Entry[],
  alone: Partial<Outcome>,
): Promise<Outcome[]> {
  if (entries.length === 1) return [{ odk: '', phone: '', server: '', ...alone }];
  const middle = Math.ceil(entries.length / 2);
  const first = await tryTogether(server, entries.slice(0, middle));
  return [...first, ...(await tryTogether(server, entries.slice(middle)))];
}

async function ownOutcomes(
  server: Server,
  entries: readonly Entry[],
  { definition, form }: Extract<Awaited<ReturnType<Server['compile']>>, { form: number }>,
): Promise<Outcome[]> {
  const phone = new PhoneFilling(definition);
  const shown = phone.state();
  const judged = await server.judge(form, phone.session.snapshot().answers);
  const violated = new Map(judged.violations);
  return entries.map((entry, i) => {
    const name = entryName(i);
    return {
      odk: '',
      phone: told(entry, shown[name], shown[name]?.problem),
      server: told(entry, judged.nodes[name], violated.get(name)),
    };
  });
}

function told(
  { place }: Entry,
  shown: { relevant: boolean; value?: string } | undefined,
  problem: string | undefined,
): string {
  if (place === 'calculate') return shown?.value ?? 'missing';
  return String(place === 'relevant' ? shown?.relevant : problem !== 'constraint');
}

const DIGITS = 1e-9;

/** The same text, or the same number as far as the sine of two libraries agrees. */
export function same(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.trim() === '' || b.trim() === '') return false;
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isFinite(x) || !Number.isFinite(y) || !/[.e]/.test(a + b)) return false;
  return Math.abs(x - y) <= DIGITS * Math.max(1e-6, Math.abs(x), Math.abs(y));
}

export const agreed = ({ odk, phone, server, threw, refused }: Outcome): boolean =>
  !threw && !refused && same(odk, phone) && same(phone, server);
