/** Generated expressions, evaluated by all three. */
import { draw } from './draw';
import { explain } from './explain';
import { call, type Drawn, written } from './expression';
import { Chance } from './random';
import { again, empty, type Report, say } from './report';
import type { Server } from './server';
import type { Entry, Place } from './sheet';
import { agreed, tryAll } from './trial';

const AT_ONCE = 2_000;

type One = Entry & { drawn: Drawn };

function drawOne(chance: Chance): One {
  const drawn = draw(chance, undefined, 1 + chance.below(3));
  const place: Place = chance.happens(0.7) ? 'calculate' : chance.of(['relevant', 'constraint']);
  // once() sees the value it gave before, so it only makes sense as a whole calculation.
  const once = place === 'calculate' && drawn.type === 'string' && chance.happens(0.02);
  const whole = once ? call('string', 'once', drawn) : drawn;
  return { drawn: whole, place, xpath: written(whole) };
}

export async function readExpressions(
  server: Server,
  seed: number,
  wanted: number,
): Promise<Report> {
  const report = empty();
  const chance = new Chance(seed);
  while (report.tried < wanted) {
    const some = chance.times(Math.min(AT_ONCE, wanted - report.tried), () => drawOne(chance));
    await readSome(server, some, report);
    report.tried += some.length;
    say(`expressions ${report.tried}: ${report.disagreements.length} disagreements`);
  }
  return report;
}

async function readSome(server: Server, some: readonly One[], report: Report): Promise<void> {
  const outcomes = await tryAll(server, some);
  const parted = some.filter((_, i) => !agreed(outcomes[i] as (typeof outcomes)[number]));
  const verdicts = await explain(server, parted);
  verdicts.forEach(({ rules, left }, i) => {
    if (!left) {
      report.explained.push(rules);
      return;
    }
    report.disagreements.push(left.xpath);
    const { threw, refused, ...values } = left.outcome;
    say(`DISAGREEMENT in ${parted[i]?.xpath}`);
    say(`  ${left.xpath} → ${JSON.stringify({ ...values, threw, refused })}`);
    say(`  ${again('expression', left.xpath)}`);
  });
}
