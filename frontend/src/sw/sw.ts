/**
 * The service worker: opens the app from cold with no network, and nothing else. Decisions:
 * - The whole build is precached, lazy chunks too: a screen first opened in the field must be there.
 * - Every address that isn't a file is the app; /api is never touched, so nobody ever mistakes a cached page for an answer.
 * - The page of the first log-in is taken in at once: the worker may leave the signal without ever reloading it.
 * - A new version waits until the person says so or all tabs are closed: a form half filled keeps the code it began with.
 */
import { clientsClaim } from 'workbox-core';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope;

clientsClaim();
cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: [/^\/api(\/|$)/] }),
);

self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
