// Cron entries.

import { BrokerError } from '../errors.ts';

/** Maximum length of a cron entry. */
export const cronTextMax = 255;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Maximum time to search for the next match: 29 February can be eight years away. */
const searchedMs = 366 * 9 * dayMs;

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

const fields: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  // 0 and 7 are both Sunday.
  { name: 'day of week', least: 0, most: 7 },
];

/**
 * The times of a cron entry with five fields in UTC: minute, hour, day of month, month, day of
 * week. A field is a comma-separated list of `*`, a number, or a range `a-b`, each with an optional
 * step `/n`. If both day fields are restricted, a day needs to match only one of them.
 */
export class CronTimes {
  /** The original text. */
  readonly text: string;
  readonly #minutes: ReadonlySet<number>;
  readonly #hours: ReadonlySet<number>;
  readonly #days: ReadonlySet<number>;
  readonly #months: ReadonlySet<number>;
  readonly #weekdays: ReadonlySet<number>;
  /** Whether a day needs to match only one of its two fields. */
  readonly #isEitherDay: boolean;

  /**
   * @param text at most {@link cronTextMax} characters
   * @throws {BrokerError} `precondition-failed` if it is invalid
   */
  constructor(text: string) {
    if (text.length > cronTextMax) {
      throw invalid(`${text.length} characters are more than the ${cronTextMax} allowed`);
    }
    const parts = text.trim().split(/\s+/);
    if (parts.length !== fields.length) {
      throw invalid(`'${text}' has ${parts.length} fields instead of ${fields.length}`);
    }
    const sets = fields.map((field, i) => readField(parts[i] ?? '', field));
    const [minutes, hours, days, months, weekdays] = sets as [Set<number>, ...Set<number>[]];
    this.text = text;
    this.#minutes = minutes;
    this.#hours = hours as Set<number>;
    this.#days = days as Set<number>;
    this.#months = months as Set<number>;
    if (weekdays?.has(7)) weekdays.add(0);
    this.#weekdays = weekdays as Set<number>;
    this.#isEitherDay = !parts[2]?.startsWith('*') && !parts[4]?.startsWith('*');
    if (this.after(0) === Infinity) throw invalid(`'${text}' never occurs`);
  }

  /** Returns the first match after a time, milliseconds since 1970; Infinity if there is none. */
  after(timeMs: number): number {
    const firstMs = (Math.floor(timeMs / minuteMs) + 1) * minuteMs;
    let dayStartMs = Math.floor(firstMs / dayMs) * dayMs;
    const endMs = dayStartMs + searchedMs;
    while (dayStartMs < endMs) {
      const date = new Date(dayStartMs);
      const month = date.getUTCMonth() + 1;
      if (!this.#months.has(month)) {
        // A client can send many entries that match in few months, or never.
        dayStartMs = Date.UTC(date.getUTCFullYear(), month, 1);
        continue;
      }
      const atMs = this.#isDay(date) ? this.#inDay(dayStartMs, firstMs) : Infinity;
      if (atMs !== Infinity) return atMs;
      dayStartMs += dayMs;
    }
    return Infinity;
  }

  #isDay(date: Date): boolean {
    const isDay = this.#days.has(date.getUTCDate());
    const isWeekday = this.#weekdays.has(date.getUTCDay());
    return this.#isEitherDay ? isDay || isWeekday : isDay && isWeekday;
  }

  #inDay(dayStartMs: number, firstMs: number): number {
    for (let hour = 0; hour < 24; hour++) {
      const hourStartMs = dayStartMs + hour * hourMs;
      if (!this.#hours.has(hour) || hourStartMs + hourMs <= firstMs) continue;
      for (let minute = 0; minute < 60; minute++) {
        const atMs = hourStartMs + minute * minuteMs;
        if (atMs >= firstMs && this.#minutes.has(minute)) return atMs;
      }
    }
    return Infinity;
  }
}

function readField(text: string, field: Field): Set<number> {
  const found = new Set<number>();
  for (const item of text.split(',')) {
    const { from, to, step } = readItem(item, field);
    // A list of many `*` has nothing to add.
    if (found.size > field.most - field.least) continue;
    for (let value = from; value <= to; value += step) found.add(value);
  }
  return found;
}

function readItem(item: string, field: Field): { from: number; to: number; step: number } {
  const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item);
  if (match === null) throw invalid(`'${item}' is not a valid ${field.name}`);
  const [, first, last, every] = match;
  const from = Number(first ?? field.least);
  // A number with a step continues to the end, as in `5/15`.
  const isOpen = first === undefined || every !== undefined;
  const to = Number(last ?? (isOpen ? field.most : from));
  const step = Number(every ?? 1);
  if (from >= field.least && to <= field.most && to >= from && step > 0) return { from, to, step };
  throw invalid(`${field.name} '${item}': ${field.least} to ${field.most} are allowed`);
}

function invalid(why: string): BrokerError {
  return new BrokerError('precondition-failed', `Not a valid cron entry: ${why}`);
}
