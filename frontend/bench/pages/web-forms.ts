/** ODK's Web Forms as its manual mounts it. */
import { OdkWebForm, webFormsPlugin } from '@getodk/web-forms';
import { createApp, h } from 'vue';
import { whenAsked } from './given';

void whenAsked('xml', (formXml) => {
  const page = { render: () => h(OdkWebForm, { formXml, fetchFormAttachment }) };
  createApp(page).use(webFormsPlugin).mount('#form');
});

function fetchFormAttachment(): never {
  throw new Error('the form has no attachments');
}
