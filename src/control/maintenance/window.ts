import type { MaintenanceWindow } from '../broker-record.ts';

/** `SUNDAY` is 0, as in JavaScript's dates. */
const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/**
 * When a maintenance window next begins.
 *
 * @param afterMs milliseconds since 1970; the result is later. A window whose time of day does not
 * exist on its day, because clocks are put forward, begins an hour later on that day
 */
export function nextWindowMs(window: MaintenanceWindow, afterMs: number): number {
  const [hours = 0, minutes = 0] = window.timeOfDay.split(':').map(Number);
  const wanted = days.indexOf(window.dayOfWeek);
  const offsetAt = offsets(window.timeZone);
  const today = Math.floor((afterMs + offsetAt(afterMs)) / dayMs);
  // The day before today and a whole week: an offset may change in between.
  for (let day = today - 1; day <= today + 8; day++) {
    if (new Date(day * dayMs).getUTCDay() !== wanted) continue;
    const local = day * dayMs + (hours * 60 + minutes) * minuteMs;
    const beginsMs = toUtc(local, offsetAt);
    if (beginsMs > afterMs) return beginsMs;
  }
  return afterMs + 7 * dayMs;
}

/** The moment at which clocks of a zone show a time. */
function toUtc(local: number, offsetAt: (ms: number) => number): number {
  const first = local - offsetAt(local);
  return local - offsetAt(first);
}

/** Gives the milliseconds by which a zone's clocks are ahead of UTC at a moment. */
function offsets(zone: string): (ms: number) => number {
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
