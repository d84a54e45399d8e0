/** What is measured on: a server home with 5,000 clients and the benchmark's forms, and the same forms as XForms. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { members, survey } from './forms';

const inVenv = (name: string) => fileURLToPath(new URL(`../../.venv/bin/${name}`, import.meta.url));
const DISTRICT = fileURLToPath(new URL('./district.py', import.meta.url));
/** One whose forms may ask of nobody in particular. */
const PROGRAM = 'consent';
const run = promisify(execFile);

export interface BenchHome {
  folder: string;
  /** Form id → XForm. */
  xforms: ReadonlyMap<string, string>;
  dispose(): Promise<void>;
}

/** Every engine is given the XForm that pyxform makes; ours publishes that very file. */
export async function makeHome(): Promise<BenchHome> {
  const folder = await mkdtemp(join(tmpdir(), 'fieldapp-bench-'));
  const forms = await mkdtemp(join(tmpdir(), 'fieldapp-forms-'));
  const env = { ...process.env, FIELDAPP_HOME: folder };
  await run(inVenv('python'), [DISTRICT], { env, maxBuffer: 1 << 24 });
  const xforms = new Map<string, string>();
  const written = { bench_30: survey(30), bench_300: survey(300), bench_repeat: members() };
  for (const [id, text] of Object.entries(written)) {
    const [md, xml] = [join(forms, `${id}.md`), join(forms, `${id}.xml`)];
    await writeFile(md, text);
    await run(inVenv('xls2xform'), ['--skip_validate', md, xml]);
    await run(inVenv('fieldapp'), ['forms', 'publish', xml, '--program', PROGRAM], { env });
    xforms.set(id, await readFile(xml, 'utf8'));
  }
  await rm(forms, { recursive: true, force: true });
  return { folder, xforms, dispose: () => rm(folder, { recursive: true, force: true }) };
}
