// The header `x-delay`.

import { type Argument, wholeNumber } from '../arguments.ts';

/**
 * Reads a header `x-delay` in milliseconds: an integer, a floating-point number, which is truncated
 * as in RabbitMQ's plugin, or text of up to 15 digits. Other values count as 0.
 */
export function delayMsOf(header: Argument): number {
  const whole = wholeNumber(header);
  if (whole !== undefined) return whole;
  const { type, value } = header;
  if (type === 'double' || type === 'float') {
    return Number.isFinite(Number(value)) ? Math.trunc(Number(value)) : 0;
  }
  return type === 'longstr' && /^\d{1,15}$/.test(String(value)) ? Number(value) : 0;
}
