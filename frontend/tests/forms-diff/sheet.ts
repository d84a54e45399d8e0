/** The form in which generated expressions stand: one of each kind of answer, blank ones, repeats of none, one and many. */
import { ZONE_OFFSET } from './filling';

export type Place = 'calculate' | 'relevant' | 'constraint';

export interface Entry {
  place: Place;
  xpath: string;
}

const ANSWERS: readonly [name: string, type: string, value: string, rest?: string][] = [
  ['blank', 'string', ''],
  ['name', 'string', '张小梅'],
  ['astral', 'string', '😀𠮷x'],
  ['padded', 'string', '007'],
  ['digits', 'string', '12'],
  ['spaces', 'string', 'a b  c'],
  ['truth', 'string', 'true'],
  ['long', 'string', 'the quick brown fox jumps over the lazy dog'],
  ['zero', 'int', '0'],
  ['age', 'int', '34'],
  ['minus', 'int', '-7'],
  ['weight', 'decimal', '55.5'],
  ['huge', 'decimal', '123456789012.75'],
  ['leap', 'date', '2024-02-29'],
  ['born', 'date', '1968-01-31'],
  ['met', 'dateTime', `2026-10-25T02:30:00.000${ZONE_OFFSET}`],
  ['clock', 'time', `18:30:00.000${ZONE_OFFSET}`],
  ['pick', 'string', 'b'],
  ['picks', 'string', 'a c d'],
  ['point', 'geopoint', '35.1 117.2 0 0'],
  ['trace', 'geotrace', '35.1 117.2 0 0; 35.2 117.2 0 0; 35.2 117.3 0 0'],
  ['shape', 'geoshape', '35.1 117.2 0 0; 35.2 117.2 0 0; 35.2 117.3 0 0; 35.1 117.2 0 0'],
  ['hidden', 'string', 'unseen', 'relevant="false()"'],
  ['hidden_day', 'date', '2026-01-01', 'relevant="false()"'],
];

const ROW: readonly [name: string, calculation: string][] = [
  ['x', "if(position(..) = 2, '', position(..) * 1.5)"],
  ['t', "concat('t', position(..))"],
  ['at', "concat(35 + position(..) div 10, ' 117 0 0')"],
];

const CROPS = ['a', 'b', 'c', 'd'];

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const bind = (path: string, rest: string): string => `<bind nodeset="/data/${path}" ${rest}/>`;

/** A constraint is judged only of an answer. */
const JUDGED = 'x';

const binds: Record<Place, (xpath: string) => string> = {
  calculate: (xpath) => `type="string" calculate="${escaped(xpath)}"`,
  relevant: (xpath) => `type="string" relevant="${escaped(xpath)}"`,
  constraint: (xpath) => `type="string" constraint="${escaped(xpath)}"`,
};

export const entryName = (index: number): string => `e${index}`;

/** The XForm with each entry in a question of its own. */
export function sheet(entries: readonly Entry[]): string {
  const own = entries.map(({ place }, i) =>
    place === 'calculate' ? `<e${i}/>` : `<e${i}>${JUDGED}</e${i}>`,
  );
  const asked = entries.flatMap(({ place }, i) =>
    place === 'calculate' ? [] : [`<input ref="/data/e${i}"><label>e${i}</label></input>`],
  );
  const crops = CROPS.map(
    (name, i) =>
      `<item><name>${name}</name><label>${name.toUpperCase()}</label><price>${
        i === 2 ? '' : (i * 7.5).toFixed(2)
      }</price></item>`,
  );
  return `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>sheet</h:title><model>
<instance><data id="sheet" version="1">${ANSWERS.map(([name, , value]) => `<${name}>${value}</${name}>`).join('')}
<row><x/><t/><at/><cell><y/></cell></row><none><z/></none>${own.join('')}<meta><instanceID/></meta></data></instance>
<itext><translation lang="default" default="true()">
<text id="greeting"><value>你好</value></text><text id="farewell"><value>Bye</value></text></translation></itext>
<instance id="words"><root><item><name>hello</name><itextId>greeting</itextId></item><item><name>bye</name><itextId>farewell</itextId></item></root></instance>
<instance id="crops"><root>${crops.join('')}</root></instance>
${ANSWERS.map(([name, type, , rest = '']) => bind(name, `type="${type}" ${rest}`)).join('')}
${ROW.map(([name, xpath]) => bind(`row/${name}`, `calculate="${escaped(xpath)}"`)).join('')}
${bind('row/cell/y', 'calculate="position(../..) * 10 + position(..)"')}
${entries.map(({ place, xpath }, i) => bind(entryName(i), binds[place](xpath))).join('\n')}
</model></h:head><h:body>
<select1 ref="/data/pick"><label>pick</label><itemset nodeset="instance('crops')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
<group ref="/data/row"><repeat nodeset="/data/row" jr:count="3" jr:noAddRemove="true()"><group ref="/data/row/cell"><repeat nodeset="/data/row/cell" jr:count="2" jr:noAddRemove="true()"><input ref="/data/row/cell/y"/></repeat></group></repeat></group>
<group ref="/data/none"><repeat nodeset="/data/none" jr:count="0" jr:noAddRemove="true()"><input ref="/data/none/z"/></repeat></group>
${asked.join('')}</h:body></h:html>`;
}
