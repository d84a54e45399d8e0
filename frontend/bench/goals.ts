/** What a cheap phone has to reach. Times in milliseconds, `times_…` how often sooner ours opens. */
import type { Goal } from './figures';

/** Questions of the forms measured. */
export const SIZES = [30, 300] as const;

const most = (key: string, value: number, limit: number): Goal => ({
  key,
  value,
  limit,
  kind: 'most',
});
const least = (key: string, value: number, limit: number): Goal => ({
  key,
  value,
  limit,
  kind: 'least',
});

/** `median`: of what was measured, by key; NaN, which meets no goal, if it wasn't. */
export function goalsOf(median: (key: string) => number): Goal[] {
  const times = (name: string, size: number) =>
    median(`open_${name}_${size}`) / median(`open_ours_${size}`);
  return [
    most('open_30', median('open_ours_30'), 350),
    most('settle_30', median('settle_ours_30'), 20),
    most('open_300', median('open_ours_300'), 700),
    most('settle_300', median('settle_ours_300'), 40),
    ...SIZES.map((size) => least(`times_web_forms_${size}`, times('web-forms', size), 10)),
    ...SIZES.map((size) => least(`times_enketo_${size}`, times('enketo', size), 2.5)),
    most('pick_key', median('pick_key'), 100),
    most('pick_slowest', median('pick_slowest'), 100),
    most('repeat_open', median('repeat_open'), 700),
    most('repeat_scroll', median('repeat_scroll'), 100),
    most('repeat_unfold', median('repeat_unfold'), 100),
    most('repeat_settle', median('repeat_settle'), 40),
    most('repeat_add', median('repeat_add'), 100),
  ];
}
