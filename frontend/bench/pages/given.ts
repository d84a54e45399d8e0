/** What the page was asked to open, on the phone before anything is measured; the button opens it. */

/** Fetches `forms/<name>.<kind>` by the address's `?form=` and says so by enabling the button. */
export async function whenAsked(kind: string, open: (text: string) => unknown): Promise<void> {
  const name = new URLSearchParams(location.search).get('form');
  const text = await (await fetch(`/forms/${name}.${kind}`)).text();
  const button = document.querySelector<HTMLButtonElement>('#open');
  if (!button) return;
  button.addEventListener('click', () => open(text), { once: true });
  button.disabled = false;
}
