/** Enketo's transformer in the browser: makes an XForm ready for its core. Run before anything is measured. */
import { transform } from 'enketo-transformer/web';

Object.assign(window, {
  async ready(xform: string): Promise<string> {
    const { form, model } = await transform({ xform, theme: 'plain' });
    return JSON.stringify({ form, model });
  },
});
