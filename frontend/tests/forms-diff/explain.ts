/**
 * Why evaluators disagree about an expression: finds the innermost part about which they do, looks for the rule that
 * excuses just that, puts our value in its place, and goes on until all agree or no rule is left.
 */
import { call, type Drawn, literal, parts, replaced, type Type, written } from './expression';
import { type Difference, ruleFor } from './rules';
import type { Server } from './server';
import type { Place } from './sheet';
import { agreed, type Outcome, same, tryAll } from './trial';

export interface Verdict {
  /** Ids of the rules that excuse it; blank if something isn't excused. */
  rules: string[];
  /** The part that no rule excuses, and what each made of it. */
  left?: { xpath: string; outcome: Outcome };
}

interface Pending {
  drawn: Drawn;
  rules: string[];
  verdict?: Verdict;
}

const MOST_ROUNDS = 25;

/** One verdict for each of some expressions about which there is disagreement. */
export async function explain(
  server: Server,
  entries: readonly { drawn: Drawn; place: Place }[],
): Promise<Verdict[]> {
  const pending = entries.map(
    ({ drawn, place }): Pending => ({ drawn: asked(drawn, place), rules: [] }),
  );
  const known = new Map<string, Outcome>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const open = pending.filter(({ verdict }) => !verdict);
    if (open.length === 0) break;
    await explainOnce(server, open, known);
  }
  return pending.map(({ verdict, drawn }) => verdict ?? unexplained(drawn));
}

/** A rule or a constraint asks for the truth of its expression. */
const asked = (drawn: Drawn, place: Place): Drawn =>
  place === 'calculate' ? drawn : call('boolean', 'boolean', drawn);

const unexplained = (drawn: Drawn): Verdict => ({
  rules: [],
  left: { xpath: written(drawn), outcome: { odk: '', phone: '', server: '' } },
});

async function explainOnce(
  server: Server,
  open: readonly Pending[],
  known: Map<string, Outcome>,
): Promise<void> {
  const all = open.map(({ drawn }) => parts(drawn));
  const entries = all.flat().map((part) => ({ place: 'calculate' as const, xpath: seen(part) }));
  const fresh = entries.filter(({ xpath }) => !known.has(xpath) && known.set(xpath, BLANK));
  (await tryAll(server, fresh)).forEach((outcome, i) => {
    known.set(fresh[i]?.xpath as string, outcome);
  });
  open.forEach((one, i) => {
    judge(one, all[i] as Drawn[], (part) => known.get(seen(part)) as Outcome);
  });
}

/** Of nodes, how many there are and all their texts: that much has to agree before what is made of them. */
const seen = (part: Drawn): string => {
  const xpath = written(part);
  return part.type === 'nodes' ? `concat(count(${xpath}), '|', join('|', ${xpath}))` : xpath;
};

const textOf = (type: Type, stored: string): string =>
  type === 'nodes' ? (stored.split('|')[1] ?? '') : stored;

const BLANK: Outcome = { odk: '', phone: '', server: '' };

function judge(pending: Pending, inner: Drawn[], outcomeOf: (part: Drawn) => Outcome): void {
  const part = inner.find((one) => !agreed(outcomeOf(one)));
  if (!part) {
    pending.verdict = { rules: pending.rules };
    return;
  }
  const outcome = outcomeOf(part);
  const rule = ruleFor(difference(part, outcomeOf));
  const ours = literal(part.type, outcome.phone);
  if (!rule || !same(outcome.phone, outcome.server)) {
    pending.verdict = { rules: [], left: { xpath: written(part), outcome } };
    return;
  }
  pending.rules.push(rule.id);
  // Text that ODK's engine gives up on does so as a literal too.
  const stuck = rule.id === 'impossible-date' && part.type === 'string';
  if (part === pending.drawn || !ours || stuck) pending.verdict = { rules: pending.rules };
  else pending.drawn = replaced(pending.drawn, part, ours);
}

function difference(part: Drawn, outcomeOf: (part: Drawn) => Outcome): Difference {
  const { phone, odk, threw, refused } = outcomeOf(part);
  return {
    xpath: written(part),
    head: part.kind === 'filter' ? 'filter' : part.head,
    kind: part.kind,
    type: part.type,
    args: (part.kind === 'filter' ? [] : part.args).map((arg) => ({
      type: arg.type,
      value: textOf(arg.type, outcomeOf(arg).phone),
      xpath: written(arg),
    })),
    ours: phone,
    theirs: odk,
    ...(threw ? { threw } : {}),
    ...(refused ? { refused } : {}),
  };
}
