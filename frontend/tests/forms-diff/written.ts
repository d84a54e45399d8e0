/** What an XForm itself says of a node, read from its XML: the expressions of its binds, texts and choices. */
import './surroundings';

type Asked = Record<string, string[]>;

/** `/data/orx:meta/r` → `meta/r`; a path without a beginning starts at the root element. */
function pathIn(source: string): string {
  const steps = source.trim().split('/');
  return steps
    .slice(source.trim().startsWith('/') ? 2 : 0)
    .map((step) => step.replace(/^[^:]*:/, ''))
    .join('/');
}

const BOUND = {
  value: 'calculate',
  relevant: 'relevant',
  required: 'required',
  readonly: 'readonly',
};

export class Written {
  /** By path without positions, and by what they decide. */
  private readonly asked = new Map<string, Asked>();
  /** Paths of nodes with a bind that doesn't begin at the root. */
  readonly loose = new Set<string>();
  /** Paths that an action standing in the body itself sets, of inputs with choices, and of labels with elements. */
  readonly setInBody = new Set<string>();
  readonly queried = new Set<string>();
  readonly marked = new Set<string>();
  readonly hasNamelessLanguage: boolean;

  constructor(xform: string) {
    const document = new DOMParser().parseFromString(xform, 'text/xml');
    const all = [...document.querySelectorAll('*')];
    this.hasNamelessLanguage = all.some(
      (one) => one.localName === 'translation' && !one.getAttribute('lang'),
    );
    const texts = new Map(
      all
        .filter((one) => one.localName === 'text')
        .map((one) => [one.id || one.getAttribute('id'), one]),
    );
    for (const one of all) this.read(one, texts);
  }

  /** Expressions that decide something of a node. */
  of(path: string, what: string): readonly string[] {
    return this.asked.get(path.replace(/\[\d+\]/g, ''))?.[what] ?? [];
  }

  private read(one: Element, texts: ReadonlyMap<string | null, Element>): void {
    const source = one.getAttribute('nodeset') ?? one.getAttribute('ref');
    if (!source || one.localName === 'itemset' || one.localName === 'label') return;
    const path = pathIn(source);
    if (one.localName === 'bind') this.readBind(one, path, source);
    else if (one.localName === 'setvalue') this.readAction(one, path);
    else this.readControl(one, path, texts);
  }

  private readBind(bind: Element, path: string, source: string): void {
    if (!source.trim().startsWith('/')) this.loose.add(path);
    for (const [what, name] of Object.entries(BOUND)) this.add(path, what, bind.getAttribute(name));
    for (const name of ['constraint', 'required'])
      this.add(path, 'problem', bind.getAttribute(name));
  }

  private readAction(action: Element, path: string): void {
    this.add(path, 'value', action.getAttribute('value'));
    if (action.parentElement?.localName === 'body') this.setInBody.add(path);
  }

  private readControl(
    control: Element,
    path: string,
    texts: ReadonlyMap<string | null, Element>,
  ): void {
    if (control.localName === 'input' && control.hasAttribute('query')) this.queried.add(path);
    this.add(path, 'there', control.getAttribute('jr:count'));
    for (const child of control.children) {
      if (child.localName === 'itemset') this.add(path, 'offers', child.getAttribute('nodeset'));
      if (child.localName !== 'label') continue;
      const [, id] = child.getAttribute('ref')?.match(/jr:itext\(\s*['"](.*)['"]\s*\)/) ?? [];
      const label = id === undefined ? child : texts.get(id);
      const inside = [...(label?.querySelectorAll('*') ?? [])];
      for (const one of inside) this.add(path, 'label', one.getAttribute('value'));
      if (inside.some((one) => !['output', 'value'].includes(one.localName))) this.marked.add(path);
    }
  }

  private add(path: string, what: string, source: string | null): void {
    if (!source) return;
    const asked = this.asked.get(path) ?? {};
    asked[what] = [...(asked[what] ?? []), source];
    this.asked.set(path, asked);
  }
}

let last: { xform: string; written: Written } | undefined;

/** What a form says; the last one is kept. */
export function writtenIn(xform: string): Written {
  if (last?.xform !== xform) last = { xform, written: new Written(xform) };
  return last.written;
}
