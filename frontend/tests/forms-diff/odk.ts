/** ODK's own engine, as a Filling. */
import './surroundings';
import { type AnyNode, constants, createInstance, type RootNode } from '@getodk/xforms-engine';
import type { Answers, AnswerValue } from '@/protocol/types';
import type { Filling, Shown, State, Step } from './filling';

/** What ODK's engine keeps beside its public face: answers as text. */
interface Kept {
  currentState: { instanceValue: string };
  decodeInstanceValue(text: string): unknown;
}

/** ODK's engine doesn't open a form. */
export class UnopenedError extends Error {
  override name = '';
}

export async function openOdk(
  xform: string,
  attachments: ReadonlyMap<string, string> = new Map(),
): Promise<Filling> {
  const created = createInstance(xform, {
    form: {
      fetchFormAttachment: async (url: URL) => attachment(attachments, url),
      missingResourceBehavior: constants.MISSING_RESOURCE_BEHAVIOR.BLANK,
    },
    instance: { preloadProperties: { deviceID: 'phone-1', username: 'wang' } },
  });
  const { root } = await created.catch((error: unknown) => {
    throw new UnopenedError(String(error));
  });
  return new OdkFilling(root);
}

function attachment(attachments: ReadonlyMap<string, string>, url: URL): Response {
  const name = decodeURIComponent(url.href.slice(url.href.lastIndexOf('/') + 1));
  const text = attachments.get(name);
  return text === undefined ? new Response('', { status: 404 }) : new Response(text);
}

class OdkFilling implements Filling {
  constructor(private readonly root: RootNode) {}

  private nodes(): Map<string, AnyNode> {
    const found = new Map<string, AnyNode>();
    const walk = (node: AnyNode): void => {
      found.set(pathOf(node), node);
      for (const child of node.currentState.children ?? []) walk(child as AnyNode);
    };
    walk(this.root);
    return found;
  }

  take(step: Step): void {
    const nodes = this.nodes();
    if (step.do === 'set') {
      answer(nodes.get(step.path), step);
      return;
    }
    const [range, place] = step.do === 'add' ? [step.path, ''] : split(step.path);
    const node = nodes.get(`${range}[]`);
    if (node?.nodeType !== 'repeat-range:uncontrolled') throw new Error(`no repeat ${step.path}`);
    if (step.do === 'add') node.addInstances();
    else node.removeInstances(Number(place));
  }

  state(): State {
    const state: State = {};
    for (const [path, node] of this.nodes()) {
      if (!isRange(node)) state[path] = shown(node);
    }
    return state;
  }

  async answers(): Promise<Answers> {
    const payload = await this.root.prepareInstancePayload({ payloadType: 'monolithic' });
    const file = payload.data[0].get('xml_submission_file');
    const document = new DOMParser().parseFromString(declared(await fileText(file)), 'text/xml');
    const repeats = new Set<string>();
    for (const [path, node] of this.nodes()) if (isRange(node)) repeats.add(plain(path));
    return (answersOf(document.documentElement, '', repeats) ?? {}) as Answers;
  }
}

/** It writes attributes (jr:template) whose prefix it doesn't declare, which is no XML. */
function declared(xml: string): string {
  const used = new Set(Array.from(xml.matchAll(/\s([\w-]+):[\w-]+=/g), ([, prefix]) => prefix));
  const unknown = [...used].filter((one) => one !== 'xmlns' && !xml.includes(`xmlns:${one}=`));
  const added = unknown.map((one) => ` xmlns:${one}="urn:${one}"`).join('');
  return xml.replace(/^(?:<\?.*?\?>)?\s*<[^\s/>]+/, (root) => root + added);
}

const fileText = async (file: FormDataEntryValue | null): Promise<string> =>
  file === null || typeof file === 'string' ? (file ?? '') : await file.text();

const isRange = (node: AnyNode): boolean => node.nodeType.startsWith('repeat-range');

/** `/data/orx:meta/r[2]` → `meta/r[1]`; a range ends in `[]`. */
function pathOf(node: AnyNode): string {
  const reference: string = node.currentState.reference;
  const steps = reference.split('/').slice(2);
  const path = steps
    .map((step) =>
      step.replace(/^[^:]*:/, '').replace(/\[(\d+)\]$/, (_, n: string) => `[${Number(n) - 1}]`),
    )
    .join('/');
  return isRange(node) ? `${path}[]` : path;
}

const plain = (path: string): string => path.replace(/\[\d*\]/g, '');

function split(path: string): [string, string] {
  const at = path.lastIndexOf('[');
  return [path.slice(0, at), path.slice(at + 1, -1)];
}

function answer(node: AnyNode | undefined, { path, value }: Step & { do: 'set' }): void {
  const words = value.split(/\s+/).filter(Boolean);
  if (node?.nodeType === 'select')
    node.selectValues(node.selectType === 'select1' && value ? [value] : words);
  else if (node?.nodeType === 'rank') node.setValues(words);
  else if (node?.nodeType === 'trigger') node.setValue(value === 'OK');
  else if (node?.nodeType === 'input' || node?.nodeType === 'range') {
    const decoded = (node as unknown as Kept).decodeInstanceValue(value);
    (node as { setValue(value: unknown): unknown }).setValue(decoded);
  } else throw new Error(`${path} takes no answer`);
}

function shown(node: AnyNode): Shown {
  const { relevant, required, readonly, label, valueOptions } = node.currentState;
  const violation = 'violation' in node.validationState ? node.validationState.violation : null;
  const value = (node as unknown as Kept).currentState.instanceValue;
  return {
    relevant,
    required,
    readonly,
    ...(value === undefined ? {} : { value }),
    ...(violation ? { problem: violation.condition } : {}),
    ...(label ? { label: label.asString } : {}),
    ...(Array.isArray(valueOptions) ? { offers: valueOptions.map(({ value }) => value) } : {}),
  };
}

/** A submission's XML as Answers: what is blank is left out. `repeats` are paths without positions. */
function answersOf(
  element: Element,
  path: string,
  repeats: ReadonlySet<string>,
): AnswerValue | undefined {
  // Of attributes only those of an entity are part of what is answered.
  const out = element.hasAttribute('dataset') ? attributesOf(element) : {};
  if (element.children.length === 0 && Object.keys(out).length === 0) {
    return repeats.has(path) ? {} : element.textContent || undefined;
  }
  for (const child of element.children) addChild(out, child, path, repeats);
  return Object.keys(out).length > 0 || repeats.has(path) ? out : undefined;
}

/** Our merge needs none of these: docs/form-definition.md, Node. */
const VERSIONS = new Set(['baseVersion', 'trunkVersion', 'branchId']);

function attributesOf(element: Element): Answers {
  const told = [...element.attributes].filter(
    ({ prefix, name, value }) =>
      prefix !== 'xmlns' && name !== 'xmlns' && value !== '' && !VERSIONS.has(name),
  );
  return Object.fromEntries(told.map(({ localName, value }) => [`@${localName}`, value]));
}

function addChild(out: Answers, child: Element, path: string, repeats: ReadonlySet<string>): void {
  const name = child.localName;
  const below = path === '' ? name : `${path}/${name}`;
  const value = answersOf(child, below, repeats);
  if (repeats.has(below)) out[name] = [...((out[name] as Answers[]) ?? []), value as Answers];
  else if (value !== undefined) out[name] = value;
}
