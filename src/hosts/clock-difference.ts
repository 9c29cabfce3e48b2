// The difference between the clocks of a host and of the service.

import { HostError } from './errors.ts';

const minuteMs = 60_000;
/**
 * The largest difference with which a host is used, milliseconds. Certificates are valid from a day before
 * they are issued, so that both sides, and nodes among each other, accept them within this limit.
 */
export const clockDifferenceMsMax = 12 * 60 * minuteMs;
/** A difference from which operators are told, milliseconds. */
export const clockDifferenceMsTold = minuteMs;
/** The latest time that a clock may state: the end of the year 9999, milliseconds since 1970. */
export const clockMsMax = 253_402_300_799_999;

/** `2 h 5 min ahead` or `3 min behind`. @param differenceMs positive if a clock is ahead */
export function clockText(differenceMs: number): string {
  const minutes = Math.round(Math.abs(differenceMs) / minuteMs);
  const hours = Math.floor(minutes / 60);
  const long = hours === 0 ? '' : `${hours} h `;
  return `${long}${minutes % 60} min ${differenceMs < 0 ? 'behind' : 'ahead'}`;
}

/**
 * Refuses a clock that is too wrong.
 *
 * @param whose `the clock of this machine`
 * @param differenceMs how far it is ahead of that of the service; negative if it is behind
 * @throws {HostError} `clock-wrong`
 */
export function requireClock(whose: string, differenceMs: number): void {
  if (Math.abs(differenceMs) <= clockDifferenceMsMax) return;
  const allowed = `${clockDifferenceMsMax / (60 * minuteMs)} h are allowed`;
  const text = `${whose} is ${clockText(differenceMs)} of that of the service; ${allowed}: set it`;
  throw new HostError('clock-wrong', text);
}
