import { expect, test } from 'vitest';
import { pinFault } from './pin';

test('a PIN nobody would try first is accepted', () => {
  expect(pinFault('204817')).toBeNull();
  expect(pinFault('11112222')).toBeNull();
});

test.each(['', '12345', '12a456', '１２３４５６'])('%j is not six digits', (pin) => {
  expect(pinFault(pin)).toBe('short');
});

test.each(['000000', '123456', '987654', '7777777'])('%s is what everybody tries first', (pin) => {
  expect(pinFault(pin)).toBe('easy');
});
