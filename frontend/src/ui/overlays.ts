/** Sheets that are open, so that the phone's back button closes the top one before it leaves the page. */
const open: (() => void)[] = [];

/** Registers an open sheet; the answer takes it off again. */
export function addOverlay(close: () => void): () => void {
  open.push(close);
  return () => {
    const at = open.indexOf(close);
    if (at >= 0) open.splice(at, 1);
  };
}

/** Closes the sheet on top; false if there is none. */
export function closeTopOverlay(): boolean {
  const close = open.pop();
  close?.();
  return close !== undefined;
}
