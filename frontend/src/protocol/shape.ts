/** Runtime checks for what comes from outside: a check returns the typed value or throws Garbled. Knows no message. */

/** What was received doesn't have the promised shape. */
export class Garbled extends Error {}

export type Check<T> = (value: unknown) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

function fail(wanted: string, value: unknown): never {
  throw new Garbled(`${wanted} wanted, got ${value === null ? 'null' : typeof value}`);
}

export const text: Check<string> = (v) => (typeof v === 'string' ? v : fail('text', v));
export const flag: Check<boolean> = (v) => (typeof v === 'boolean' ? v : fail('boolean', v));
export const count: Check<number> = (v) =>
  Number.isSafeInteger(v) && (v as number) >= 0 ? (v as number) : fail('count', v);

export const hex16: Check<string> = (v) =>
  typeof v === 'string' && /^[0-9a-f]{16}$/.test(v) ? v : fail('16 hex digits', v);

export function oneOf<const T extends string>(...allowed: T[]): Check<T> {
  return (v) => (allowed.includes(v as T) ? (v as T) : fail(allowed.join(' | '), v));
}

export function list<T>(item: Check<T>): Check<T[]> {
  return (v) => (Array.isArray(v) ? v.map(item) : fail('list', v));
}

export function tuple<T extends unknown[]>(...checks: { [K in keyof T]: Check<T[K]> }): Check<T> {
  return (v) =>
    Array.isArray(v) && v.length >= checks.length
      ? (checks.map((check, i) => check(v[i])) as T)
      : fail('row', v);
}

const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

export function dict<T>(item: Check<T>): Check<Record<string, T>> {
  return (v) => {
    if (!isRecord(v)) return fail('dictionary', v);
    return Object.fromEntries(Object.entries(v).map(([key, value]) => [key, item(value)]));
  };
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (v) => (v === null ? null : check(v));
}

/** A member that may be missing or null, and is then `otherwise`. */
export function withDefault<T>(check: Check<T>, otherwise: T): Check<T> {
  return (v) => (v === undefined || v === null ? otherwise : check(v));
}

/** An object with at least these members; others are dropped, so that a newer server can say more. */
export function record<T>(shape: { [K in keyof T]: Check<T[K]> }): Check<T> {
  return (v) => {
    if (!isRecord(v)) return fail('object', v);
    const result = {} as T;
    for (const key of Object.keys(shape) as (keyof T & string)[]) result[key] = shape[key](v[key]);
    return result;
  };
}

/** Checked only as far as being an object: its inside is trusted because its sender is (same origin, typed route). */
export function object<T>(): Check<T> {
  return (v) => (isRecord(v) ? (v as T) : fail('object', v));
}
