/** Composition root of the app: client, texts, routes, and the service worker that opens it with no network. */
import { createApp } from 'vue';
import App from './App.vue';
import { createClient } from './client';
import { i18n, setLang } from './i18n';
import { buildRouter } from './router';
import { clientKey } from './ui/client';
import { settings } from './ui/settings';
import { watchForUpdates } from './ui/update';
import './ui/theme.css';

async function start(): Promise<void> {
  const [client] = await Promise.all([createClient(), setLang(settings.lang)]);
  const router = buildRouter(client);
  createApp(App).use(i18n).use(router).provide(clientKey, client).mount('#app');
  watchForUpdates();
}

void start();
