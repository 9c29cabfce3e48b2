// Numbers as text.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A value that is shown if there is none. */
const none = '–';

/** A count: 12,345 */
export function countText(value: number | undefined): string {
  return value === undefined ? none : whole.format(value);
}

/** Messages per second: 1.2K/s */
export function rateText(value: number | undefined): string {
  return value === undefined ? none : `${compact.format(value)}/s`;
}

/** A size in bytes: 1.5 MiB */
export function bytesText(value: number | undefined): string {
  if (value === undefined) return none;
  let left = value;
  let index = 0;
  while (left >= 1024 && index < units.length - 1) {
    left /= 1024;
    index += 1;
  }
  return `${decimal.format(left)} ${units[index]}`;
}

/** A time span in milliseconds: 3 d 4 h */
export function spanText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
