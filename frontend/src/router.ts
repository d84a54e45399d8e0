/** The app's addresses, and who may stand where: logged in, unlocked. */
import { createRouter, createWebHistory, type RouteRecordRaw, type Router } from 'vue-router';
import type { Client } from './protocol/types';
import { detour } from './screens/field/gate';
import { arrival, forgetPlaces, remember } from './screens/field/places';
import { fieldRoutes } from './screens/field/routes';
import { closeTopOverlay } from './ui/overlays';
import { screenMissing } from './ui/update';

/** The review desk arrives with its own routes the first time somebody asks for it. */
function reviewRoute(router: () => Router): RouteRecordRaw {
  return {
    path: '/review/:rest(.*)*',
    name: 'review-loading',
    component: { render: () => null },
    beforeEnter: async (to) => {
      const { default: routes } = await import('./screens/review/routes');
      router().removeRoute('review-loading');
      for (const route of routes) router().addRoute(route);
      return to.fullPath;
    },
  };
}

export function buildRouter(client: Client): Router {
  const router: Router = createRouter({
    history: createWebHistory(),
    routes: [
      ...fieldRoutes,
      reviewRoute(() => router),
      { path: '/:rest(.*)*', redirect: { name: 'today' } },
    ],
    // In the frame that draws the page: before it, the page would be laid out in the task that makes it.
    scrollBehavior: (_to, _from, saved) =>
      new Promise((resolve) => requestAnimationFrame(() => resolve(saved ?? { top: 0 }))),
  });
  router.beforeEach((to) => {
    if (closeTopOverlay()) return false;
    const field = to.matched.some((record) => record.meta.field === true);
    const gate = to.meta.gate === true;
    const where = { name: to.name, fullPath: to.fullPath, gate, field };
    return detour(client.phase(), where) ?? arrival(to, client);
  });
  router.onError(() => {
    screenMissing.value = true;
  });
  router.afterEach((to, _from, failure) => {
    screenMissing.value = false;
    // Locked meanwhile, it can't be sealed: then a page killed is a page forgotten.
    if (!failure) void remember(to, client).catch(() => undefined);
    if (to.name === 'welcome') forgetPlaces();
  });
  client.on('phase', () => {
    const here = router.currentRoute.value;
    // Unlocking and the first log-in lead on by themselves, in their own time.
    if (client.phase() === 'open' || !here.meta.field) return;
    while (closeTopOverlay());
    void router.replace({ ...here, force: true });
  });
  return router;
}
