/** Every packaged form can be tried with made-up records, and nothing of it is kept. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createSession } from '@/forms/session';
import type { FormDefinition, Program } from '@/protocol/types';
import { rehearsalClient } from './rehearsal';

const FORMS = fileURLToPath(new URL('../../../../../tests/contract/forms/', import.meta.url));
const read = <T>(name: string) => JSON.parse(readFileSync(`${FORMS}${name}`, 'utf8')) as T;
const names = readdirSync(FORMS).filter((name) => name !== 'programs.json');
const programs = read<Program[]>('programs.json').map((program) => ({
  ...program,
  lists: {},
  types: Object.fromEntries(
    Object.entries(program.types).map(([name, type]) => [
      name,
      {
        ...type,
        props: Object.fromEntries(
          Object.entries(type.props).map(([prop, known]) => [
            prop,
            { ...known, label: { zh: prop } },
          ]),
        ),
      },
    ]),
  ),
}));

describe('trying a form at the desk', () => {
  it.each(names)('%s opens with records of its types', async (name) => {
    const definition = read<FormDefinition>(name);
    const client = rehearsalClient({ definition, programs, tables: {}, media: {}, lang: 'zh' });
    const session = createSession(definition, client.host(definition.scope, definition), {
      lang: 'zh',
    });
    expect(session.view('').children.length).toBeGreaterThan(0);
    const looked = definition.external.filter((list) => programs.some((it) => list in it.types));
    for (const list of looked)
      expect(client.registry(definition.scope).items(list)).toHaveLength(3);
    expect(client.host(definition.scope).items('session')).toHaveLength(1);
    expect(client.drafts()).toEqual([]);
    expect(client.outbox()).toEqual([]);
  });

  it('keeps a photo only as long as the page is open', async () => {
    const definition = read<FormDefinition>(names[0] ?? '');
    const client = rehearsalClient({ definition, programs, tables: {}, media: {}, lang: 'zh' });
    const name = await client.blobs.put(new Uint8Array([1]), 'image/jpeg', 'rehearsal');
    expect((await client.blobs.get(name))?.bytes).toEqual(new Uint8Array([1]));
    const again = rehearsalClient({ definition, programs, tables: {}, media: {}, lang: 'zh' });
    expect(await again.blobs.get(name)).toBeUndefined();
  });

  it('shows the list and the picture that come with the form', async () => {
    const definition = read<FormDefinition>(names[0] ?? '');
    const client = rehearsalClient({
      definition,
      programs,
      tables: { clinics: { columns: ['name', 'label'], rows: [['1', '柳河卫生院']] } },
      media: { abc: btoa('x') },
      lang: 'zh',
    });
    expect(client.host(definition.scope).items('clinics')).toEqual([
      { name: '1', label: '柳河卫生院' },
    ]);
    const picture = await client.formFile({ sha: 'abc', type: 'image/png', size: 1 });
    expect(picture?.size).toBe(1);
    expect(await client.formFile({ sha: 'none', type: 'image/png', size: 1 })).toBeUndefined();
  });
});
