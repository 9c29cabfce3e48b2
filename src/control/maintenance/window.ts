// The times of maintenance windows.

import type { MaintenanceWindow } from '../broker-record.ts';

/** `SUNDAY` has index 0, as in JavaScript dates. */
const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * Returns the next start of a maintenance window, as Unix time in milliseconds.
 *
 * @param afterMs Unix time in milliseconds; the result is later. If the start time does not exist
 *   on a day because clocks are put forward, the window starts one hour later
 */
export function nextWindowMs(window: MaintenanceWindow, afterMs: number): number {
  const [hours = 0, minutes = 0] = window.timeOfDay.split(':').map(Number);
  const wanted = days.indexOf(window.dayOfWeek);
  const offsetAt = offsets(window.timeZone);
  const today = Math.floor((afterMs + offsetAt(afterMs)) / dayMs);
  // From yesterday to a whole week ahead, because the UTC offset may change in between.
  for (let day = today - 1; day <= today + 8; day++) {
    if (new Date(day * dayMs).getUTCDay() !== wanted) continue;
    const local = day * dayMs + (hours * 60 + minutes) * minuteMs;
    const beginsMs = toUtc(local, offsetAt);
    if (beginsMs > afterMs) return beginsMs;
  }
  return afterMs + 7 * dayMs;
}

/** Converts a local time of a zone to UTC. */
function toUtc(local: number, offsetAt: (ms: number) => number): number {
  const first = local - offsetAt(local);
  return local - offsetAt(first);
}

/** Returns a function from a time to the offset of a zone from UTC, in milliseconds. */
function offsets(zone: string): (ms: number) => number {
  // The default. A format would load 5 MiB of tables into memory.
  if (zone === 'UTC') return () => 0;
  const fixed = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(zone);
  if (fixed !== null) {
    const [, sign, hours, minutes = '0'] = fixed;
    const offset = (Number(hours) * 60 + Number(minutes)) * minuteMs;
    return () => (sign === '-' ? -offset : offset);
  }
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (ms) => {
    const parts = new Map(
      format.formatToParts(ms).map(({ type, value }) => [type, Number(value)] as const),
    );
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    const shown = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
    );
    return shown - Math.floor(ms / minuteMs) * minuteMs;
  };
}
