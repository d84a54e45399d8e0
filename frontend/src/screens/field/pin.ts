/** Which PINs a phone accepts: long enough, and not the first ones anybody would try. */
export const PIN_MIN = 6;

export type PinFault = 'short' | 'easy' | null;

/** What is wrong with `pin`: too short, or all one digit or a straight run such as 123456. */
export function pinFault(pin: string): PinFault {
  if (!/^\d+$/.test(pin) || pin.length < PIN_MIN) return 'short';
  const steps = new Set([...pin].slice(1).map((digit, at) => Number(digit) - Number(pin[at])));
  const onlyStep = steps.size === 1 ? [...steps][0] : undefined;
  return onlyStep !== undefined && Math.abs(onlyStep) <= 1 ? 'easy' : null;
}
