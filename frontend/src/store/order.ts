/** The order in which people look for a name or a house: by sound, and 9号 before 10号. */

const collator = new Intl.Collator('zh-CN', { numeric: true });

export function byTitle(a: { title: string }, b: { title: string }): number {
  return collator.compare(a.title, b.title);
}
