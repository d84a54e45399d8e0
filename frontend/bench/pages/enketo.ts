/** Enketo's core with its plain theme, opening a form that its transformer made ready beforehand. */
import { Form } from 'enketo-core';
import 'enketo-core/src/sass/plain/plain.scss';
import { whenAsked } from './given';

void whenAsked('enketo.json', (text) => {
  const { form, model } = JSON.parse(text) as { form: string; model: string };
  const place = document.querySelector('#form') as HTMLElement;
  place.innerHTML = form;
  new Form(place.querySelector('form.or') as HTMLFormElement, { modelStr: model }, {}).init();
});
