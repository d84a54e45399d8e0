/** What is wrong with each answer, in the user's language. */
import type { FormDefinition, FormProblem } from '../protocol/types';
import { isWellFormed } from './check';
import type { Choices } from './choices';
import { compile, frameOf, type World } from './evaluate';
import { defaultMessage, render } from './text';
import type { Instance } from './tree';
import { toBoolean } from './values';

export type Fault = Pick<FormProblem, 'kind' | 'message'>;

export class Faults {
  private readonly found = new Map<Instance, Fault>();

  constructor(
    private readonly def: FormDefinition,
    private readonly world: World,
    private readonly choices: Choices,
    private lang: number,
  ) {}

  setLang(lang: number): void {
    this.lang = lang;
  }

  of(item: Instance): Fault | undefined {
    return this.found.get(item);
  }

  all(): IterableIterator<Instance> {
    return this.found.keys();
  }

  forget(item: Instance): void {
    this.found.delete(item);
  }

  /** Look at an answer again. */
  judge(item: Instance, required: boolean): void {
    const fault = item.relevant ? this.faultOf(item, required) : null;
    if (fault) this.found.set(item, fault);
    else this.found.delete(item);
  }

  private faultOf(item: Instance, required: boolean): Fault | null {
    const { def, raw } = item;
    if (raw === '') {
      const asked = def.c !== undefined && def.c !== 'note';
      return required && asked ? this.fault('required', item) : null;
    }
    if (!isWellFormed(def.t, raw) || !this.choices.admits(def, raw))
      return this.fault('type', item);
    const accepted = !def.con || toBoolean(compile(def.con)(frameOf(this.world, item)));
    return accepted ? null : this.fault('constraint', item);
  }

  private fault(kind: Fault['kind'], item: Instance): Fault {
    const texts = { required: item.def.rmsg, constraint: item.def.msg, type: undefined }[kind];
    const own = render(texts, this.lang, frameOf(this.world, item));
    return { kind, message: own || defaultMessage(kind, this.def.langs[this.lang] ?? '') };
  }
}
