/** What makes a phone try to sync beside its timer: network, coming to the front. Each returns how to stop listening. */

export interface Surface {
  addEventListener(type: string, fn: () => void): void;
  removeEventListener(type: string, fn: () => void): void;
}

export function onHope(
  window: Surface | undefined,
  document: (Surface & { readonly visibilityState: string }) | undefined,
  fn: () => void,
): () => void {
  const visible = () => {
    if (document?.visibilityState === 'visible') fn();
  };
  window?.addEventListener('online', fn);
  document?.addEventListener('visibilitychange', visible);
  return () => {
    window?.removeEventListener('online', fn);
    document?.removeEventListener('visibilitychange', visible);
  };
}
