/**
 * Every address a browser went to, from its first page on. A browser's history, the list of apps and the sync of both keep
 * them, so none may say what is on the screen: no form, no register, no name, no number; on a phone no record either.
 */
import type { BrowserContext, Page } from '@playwright/test';

const PHONE =
  /^\/(find|outbox|me|account|login-again|welcome|unlock|(record|form|saved)\/[a-z]{12})?$/;
const ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const DESK = new RegExp(`^/review(/[a-z]+(/${ID}(:\\d+)?(/report)?){0,2})?$`);
/** What a query says at the desk: a list's filters, which are about nobody. */
const FILTERS = new Set(['scope', 'area', 'state', 'issues', 'kind', 'page', 'until']);

/** Collects where `context` goes in `origin`; the answer gives those addresses that say too much. */
export function watchAddresses(context: BrowserContext, origin: string): () => string[] {
  const seen = new Set<string>();
  const watch = (page: Page) => page.on('framenavigated', (frame) => seen.add(frame.url()));
  for (const page of context.pages()) watch(page);
  context.on('page', watch);
  return () => [...seen].filter((url) => url.startsWith(origin) && tells(url));
}

function tells(address: string): boolean {
  const { pathname, searchParams, origin } = new URL(address);
  const path = decodeURIComponent(pathname);
  const isDesk = path.startsWith('/review');
  return (
    !(isDesk ? DESK : PHONE).test(path) ||
    [...searchParams].some(([name, value]) =>
      name === 'to' ? tells(new URL(value, origin).href) : !(isDesk && FILTERS.has(name)),
    )
  );
}
