/**
 * The one policy of Trusted Types besides Vue's own: of strings only the addresses of our own worker scripts become
 * code. Everything else a library might hand to the page as HTML or script is refused by the browser (fieldapp/web.py).
 */
interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

const OURS = /^\/(sw\.js|assets\/[\w.-]+\.js)$/;

/** Whether an address, seen from a page, is that of a worker of this app. */
export function isOurScript(url: string, page: string): boolean {
  const { origin, pathname } = new URL(url, page);
  return origin === new URL(page).origin && OURS.test(pathname);
}

export function trustOwnWorkers(): void {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
  factory?.createPolicy('default', {
    createScriptURL(url) {
      if (isOurScript(url, location.href)) return url;
      throw new TypeError('not a script of this app');
    },
  });
}
