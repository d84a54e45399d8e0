/** Long work in slices, so that the screen answers in between. */

/** Less than a person notices, on a phone six times slower than a desk's machine. ms */
const SLICE = 40;

/** Called between two parts; waits for whatever else there is to do once a slice is over. */
export function slices(): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < SLICE) return;
    await new Promise((resolve) => setTimeout(resolve));
    began = performance.now();
  };
}
