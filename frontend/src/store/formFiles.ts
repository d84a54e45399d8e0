/** Pictures, sounds and data lists that came with forms, sealed beside them, named by what they contain. */
import type { Bytes } from '@/crypto/bytes';
import type { FormDefinition, FormFile } from '@/protocol/types';
import { AttachedList } from './attached';
import type { Database } from './idb';
import { type SealedRecord, type Sealer, writeOwn } from './sealed';

const FILE = 'file#';
const keyOf = (sha: string): string => FILE + sha;

/** Data lists by the name a form looks into them, with their files. */
export function listsOf(form: FormDefinition): [string, FormFile][] {
  return Object.entries(form.attached ?? {}).flatMap(([list, name]) => {
    const file = form.files?.[name];
    return file ? [[list, file] as [string, FormFile]] : [];
  });
}
export const filesOf = (form: FormDefinition): FormFile[] => Object.values(form.files ?? {});

export class FormFiles {
  private readonly lists = new Map<string, AttachedList>();
  private here: Set<string> | undefined;

  constructor(
    private readonly db: Database,
    private readonly sealer: Sealer,
  ) {}

  async has(sha: string): Promise<boolean> {
    return (await this.known()).has(sha);
  }

  /** Whether all that a form can't be filled without is here. */
  async hasLists(form: FormDefinition): Promise<boolean> {
    const known = await this.known();
    return listsOf(form).every(([, { sha }]) => known.has(sha));
  }

  /** Throws Garbled if it is no table. */
  async setList(sha: string, body: unknown): Promise<void> {
    const list = AttachedList.of(body);
    await this.put(sha, await this.sealer.seal('forms', keyOf(sha), body));
    this.lists.set(sha, list);
  }

  async setMedia(sha: string, bytes: Bytes): Promise<void> {
    await this.put(sha, await this.sealer.sealBytes('forms', keyOf(sha), bytes));
  }

  async media(sha: string): Promise<Bytes | undefined> {
    const row = await this.row(sha);
    return row && this.sealer.openBytes('forms', keyOf(sha), row.sealed);
  }

  /** Opens the lists of a form, so that `listsOf` has them at once; false if one isn't here. */
  async open(form: FormDefinition): Promise<boolean> {
    for (const [, { sha }] of listsOf(form)) {
      if (this.lists.has(sha)) continue;
      const row = await this.row(sha);
      if (!row) {
        // Another tab let it go.
        (await this.known()).delete(sha);
        return false;
      }
      const body = await this.sealer.open<unknown>('forms', keyOf(sha), row.sealed);
      this.lists.set(sha, AttachedList.of(body));
    }
    return true;
  }

  /** The data lists of a form that was opened, by name. */
  listsOf(form: FormDefinition): Record<string, AttachedList> {
    const found: Record<string, AttachedList> = {};
    for (const [list, { sha }] of listsOf(form)) {
      const known = this.lists.get(sha);
      if (known) found[list] = known;
    }
    return found;
  }

  /** Forget what no form here needs any more. */
  async keepOnly(needed: ReadonlySet<string>): Promise<void> {
    const here = await this.known();
    const gone = [...here].filter((sha) => !needed.has(sha));
    if (!gone.length) return;
    await this.db.write(['forms'], async (tx) => {
      for (const sha of gone) await tx.delete('forms', keyOf(sha));
    });
    for (const sha of gone) {
      here.delete(sha);
      this.lists.delete(sha);
    }
  }

  private row(sha: string): Promise<SealedRecord | undefined> {
    return this.db.read(['forms'], (tx) => tx.get<SealedRecord>('forms', keyOf(sha)));
  }

  private async put(sha: string, sealed: ArrayBuffer): Promise<void> {
    const row = { key: keyOf(sha), sealed };
    await writeOwn(this.db, this.sealer.vault, ['forms'], (tx) => tx.put('forms', row));
    (await this.known()).add(sha);
  }

  private async known(): Promise<Set<string>> {
    if (!this.here) {
      const keys = await this.db.read(['forms'], (tx) => tx.keys('forms'));
      const files = keys.filter((key) => key.startsWith(FILE));
      this.here = new Set(files.map((key) => key.slice(FILE.length)));
    }
    return this.here;
  }
}
