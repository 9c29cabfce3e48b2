import { type Argument, wholeNumber } from '../arguments.ts';

/**
 * Milliseconds in a header `x-delay`: an integer, a floating-point number, whose fraction is dropped as
 * RabbitMQ's plugin does, or a text of up to 15 decimal digits. Any other value is 0.
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
