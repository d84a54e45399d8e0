/** Addresses of the phone's screens. `gate`: shown before the phone is open. */
import type { RouteRecordRaw } from 'vue-router';
import { loadTexts } from '../sessions/texts';
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

export const fieldRoutes: RouteRecordRaw[] = [
  { path: '/', name: 'today', component: TodayPage, meta: field },
  { path: '/find', name: 'find', component: () => import('./FindPage.vue'), meta: field },
  {
    path: '/record/:scope/:id',
    name: 'record',
    component: loadRecordPage,
    props: true,
    meta: field,
  },
  // `draft` is the id of a draft, there from the first answer on; the query says how a new one begins.
  { path: '/form/:draft', name: 'form', component: loadFormPage, props: true, meta: field },
  // Its own address: after a reload or a lock it says the same again.
  { path: '/saved/:form', name: 'saved', component: SavedPage, props: true, meta: field },
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
