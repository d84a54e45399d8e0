/** Addresses of the phone's screens. `gate`: shown before the phone is open. */
import type { RouteRecordRaw, RouteRecordSingleView } from 'vue-router';
import { loadTexts } from '../sessions/texts';
import { PLACE, shownIn } from './places';
import SavedPage from './SavedPage.vue';
import TodayPage from './TodayPage.vue';
import UnlockPage from './UnlockPage.vue';

/** A screen that speaks of consent comes with the texts of it. */
async function withConsent<T>(screen: Promise<T>): Promise<T> {
  const { loadConsentTexts } = await import('./consenting/texts');
  const [loaded] = await Promise.all([screen, loadConsentTexts()]);
  return loaded;
}

export const loadFormPage = () => withConsent(import('./FormPage.vue'));
export const loadRecordPage = () => withConsent(import('./RecordPage.vue'));

const field = { field: true };

/** A screen about something: its address doesn't say what (places.ts). */
function showing(name: string, component: RouteRecordSingleView['component']): RouteRecordRaw {
  return { path: `/${name}/${PLACE}`, name, component, props: shownIn, meta: field };
}

export const fieldRoutes: RouteRecordRaw[] = [
  { path: '/', name: 'today', component: TodayPage, meta: field },
  { path: '/find', name: 'find', component: () => import('./FindPage.vue'), meta: field },
  showing('record', loadRecordPage),
  showing('form', loadFormPage),
  // Its own address: after a reload or a lock it says the same again.
  showing('saved', SavedPage),
  { path: '/outbox', name: 'outbox', component: () => import('./OutboxPage.vue'), meta: field },
  { path: '/me', name: 'me', component: () => import('./MePage.vue'), meta: field },
  {
    path: '/account',
    name: 'account',
    component: () => import('../sessions/AccountPage.vue'),
    beforeEnter: () => loadTexts().then(() => true),
    meta: field,
  },
  {
    path: '/login-again',
    name: 'login-again',
    component: () => import('./LoginAgainPage.vue'),
    meta: field,
  },
  {
    path: '/welcome',
    name: 'welcome',
    component: () => import('./WelcomePage.vue'),
    meta: { field: true, gate: true },
  },
  { path: '/unlock', name: 'unlock', component: UnlockPage, meta: { field: true, gate: true } },
];
