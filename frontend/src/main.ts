/** Composition root of the app: client, texts, routes, and the service worker that opens it with no network. */
import { createApp } from 'vue';
import App from './App.vue';
import { createClient } from './client';
import { i18n, setLang } from './i18n';
import { buildRouter } from './router';
import { loadFormPage, loadRecordPage } from './screens/field/routes';
import { clientKey } from './ui/client';
import { watchForHiding } from './ui/quickHide';
import { settings } from './ui/settings';
import { trustOwnWorkers } from './ui/trusted';
import { watchForUpdates } from './ui/update';
import './ui/theme.css';

async function start(): Promise<void> {
  trustOwnWorkers();
  const [client] = await Promise.all([createClient(), setLang(settings.lang)]);
  const router = buildRouter(client);
  createApp(App).use(i18n).use(router).provide(clientKey, client).mount('#app');
  watchForUpdates();
  watchForHiding(() => client.lock());
  // The two screens a visit needs open without a wait, and even if the network goes before they are kept.
  void Promise.all([loadFormPage(), loadRecordPage()]).catch(() => undefined);
}

void start();
