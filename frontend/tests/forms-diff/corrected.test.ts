/** What was entered outlives a correction of what asks for it, as in ODK. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { excuseFor } from './excuses';
import type { Step } from './filling';
import { Server } from './server';
import { open, walk } from './walk';

let server: Server;
beforeAll(() => {
  server = new Server();
});
afterAll(() => server.end());

const form = (instance: string, rest: string, body: string): string =>
  `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
<h:head><h:title>corrected</h:title><model>
<instance><data id="corrected" version="1">${instance}<meta><instanceID/></meta></data></instance>${rest}
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
</model></h:head><h:body>${body}</h:body></h:html>`;

const PEOPLE = (path: string): string =>
  `<input ref="${path}/n"><label>n</label></input>
<group ref="${path}/p"><label>p</label><repeat nodeset="${path}/p" jr:count="${path}/n" jr:noAddRemove="true()"><input ref="${path}/p/who"><label>who</label></input></repeat></group>`;
const MADE = '<n></n><p jr:template=""><who></who></p><p><who></who></p>';

const steps = (...taken: [path: string, value: string][]): Step[] =>
  taken.map(([path, value]) => ({ do: 'set', path, value }));

const cases: [string, string, Step[], string[]][] = [
  [
    'a count',
    form(MADE, '<bind nodeset="/data/n" type="int"/>', PEOPLE('/data')),
    steps(['n', '2'], ['p[0]/who', '王芳'], ['p[1]/who', '张小梅'], ['n', ''], ['n', '3']),
    ['blank-count'],
  ],
  [
    'the question whether there are any',
    form(
      `<has>y</has><g>${MADE}</g>`,
      `<bind nodeset="/data/g/n" type="int"/><bind nodeset="/data/g" relevant="/data/has = 'y'"/>`,
      `<input ref="/data/has"><label>has</label></input><group ref="/data/g">${PEOPLE('/data/g')}</group>`,
    ),
    steps(['g/n', '1'], ['g/p[0]/who', '王芳'], ['has', 'n'], ['has', 'y']),
    ['blank-count'],
  ],
  [
    'a number that a filter asks for',
    form(
      '<least>1</least><home></home><homes></homes>',
      `<instance id="homes"><root>${[2, 5, 12].map((n) => `<item><name>${n}</name><label>${n}</label></item>`).join('')}</root></instance>`,
      `<input ref="/data/least"><label>least</label></input>${['select1 ref="/data/home"', 'select ref="/data/homes"'].map((one) => `<${one}><label>home</label><itemset nodeset="instance('homes')/root/item[name &gt;= /data/least]"><value ref="name"/><label ref="label"/></itemset></${one.split(' ')[0]}>`).join('')}`,
    ),
    steps(['home', '2'], ['homes', '2 5'], ['least', '12'], ['least', '1']),
    [],
  ],
];

it.each(cases)(
  '%s',
  async (_, xform, taken, excused) => {
    const ready = await server.compile(xform);
    if ('refused' in ready) throw new Error(ready.refused.join('\n'));
    const trio = await open(server, xform, ready);
    const walked = await walk(trio, excuseFor(ready.definition, xform), (at) => taken[at]);
    expect(walked).toMatchObject({ steps: taken, rules: excused });
  },
  60_000,
);
