/** Addresses of the review desk; the field app loads them the first time one is asked for. */
import type { NavigationGuardReturn, RouteLocationNormalized, RouteRecordRaw } from 'vue-router';
import { addMessages } from '@/i18n';
import { loadTexts } from '../sessions/texts';
import ReviewShell from './ReviewShell.vue';
import { loadMe, me } from './session';
import './review.css';

let ready: Promise<void> | undefined;

async function prepare(): Promise<void> {
  const review = addMessages({
    'zh-CN': () => import('@/i18n/review.zh'),
    en: () => import('@/i18n/review.en'),
  });
  await Promise.all([review, loadTexts()]);
}

/** Texts first, then who is there; whoever isn't logged in is led to the log-in and back. */
async function enter(to: RouteLocationNormalized): Promise<NavigationGuardReturn> {
  ready ??= prepare();
  await ready;
  if (!me.value) await loadMe().catch(() => undefined);
  const isIn = me.value && !me.value.must_change_password && me.value.second_factor !== 'required';
  if (isIn || to.name === 'review-login') return true;
  return { name: 'review-login', query: { to: to.fullPath }, replace: true };
}

const routes: RouteRecordRaw[] = [
  {
    path: '/review/login',
    name: 'review-login',
    component: () => import('./LoginScreen.vue'),
    beforeEnter: enter,
  },
  // Inside the desk's screen of forms, in a frame of a phone's size.
  {
    path: '/review/try',
    name: 'review-try',
    component: () => import('./forms/TryPage.vue'),
    beforeEnter: enter,
  },
  {
    path: '/review',
    component: ReviewShell,
    beforeEnter: enter,
    children: [
      { path: '', name: 'review', component: () => import('./HomeScreen.vue') },
      { path: 'visits', name: 'review-queue', component: () => import('./QueueScreen.vue') },
      {
        path: 'visits/:id',
        name: 'review-visit',
        component: () => import('./VisitScreen.vue'),
        props: true,
      },
      {
        path: 'conflicts',
        name: 'review-conflicts',
        component: () => import('./ConflictsScreen.vue'),
      },
      {
        // By one of its values: the register's name would tell.
        path: 'conflicts/:entity/:value',
        name: 'review-conflict',
        component: () => import('./ConflictScreen.vue'),
        props: true,
      },
      { path: 'issues', name: 'review-issues', component: () => import('./IssuesScreen.vue') },
      {
        path: 'quarantine',
        name: 'review-quarantine',
        component: () => import('./QuarantineScreen.vue'),
      },
      {
        path: 'quarantine/:id',
        name: 'review-kept',
        component: () => import('./KeptScreen.vue'),
        props: true,
      },
      {
        path: 'rights',
        name: 'review-rights',
        component: () => import('./rights/RightsScreen.vue'),
      },
      {
        path: 'rights/:id',
        name: 'review-request',
        component: () => import('./rights/RequestScreen.vue'),
        props: true,
      },
      {
        path: 'rights/:id/report',
        name: 'review-report',
        component: () => import('./rights/ReportScreen.vue'),
        props: true,
      },
      {
        path: 'erasures/:id',
        name: 'review-certificate',
        component: () => import('./rights/CertificateScreen.vue'),
        props: true,
      },
      {
        path: 'emergency',
        name: 'review-emergency',
        component: () => import('./emergency/EmergencyScreen.vue'),
      },
      {
        path: 'emergency/:id',
        name: 'review-look',
        component: () => import('./emergency/LookScreen.vue'),
        props: true,
      },
      {
        path: 'log',
        name: 'review-log',
        component: () => import('./log/LogScreen.vue'),
      },
      {
        path: 'log/:id',
        name: 'review-log-person',
        component: () => import('./log/PersonLogScreen.vue'),
        props: true,
      },
      { path: 'users', name: 'review-users', component: () => import('./UsersScreen.vue') },
      { path: 'areas', name: 'review-areas', component: () => import('./AreasScreen.vue') },
      { path: 'forms', name: 'review-forms', component: () => import('./FormsScreen.vue') },
      { path: 'devices', name: 'review-devices', component: () => import('./DevicesScreen.vue') },
      {
        path: 'account',
        name: 'review-account',
        component: () => import('../sessions/AccountScreen.vue'),
      },
      { path: ':rest(.*)*', redirect: { name: 'review' } },
    ],
  },
];
export default routes;
