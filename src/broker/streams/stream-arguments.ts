// The arguments of streams.

/** The arguments that a declaration of a stream may have. */
export const streamArguments: readonly string[] = [
  'x-initial-cluster-size',
  'x-max-age',
  'x-max-length-bytes',
  'x-queue-leader-locator',
  'x-queue-type',
  'x-stream-filter-size-bytes',
  'x-stream-max-segment-size-bytes',
];

/** Maximum size of a segment, as in RabbitMQ, bytes. */
export const segmentBytesLimit = 3_000_000_000;

const secondMs = 1000;
const dayMs = 24 * 60 * 60 * secondMs;
const unitMs: Readonly<Record<string, number>> = {
  Y: 365 * dayMs,
  M: 30 * dayMs,
  D: dayMs,
  h: 60 * 60 * secondMs,
  m: 60 * secondMs,
  s: secondMs,
};

/**
 * Parses an age such as `7D`: a whole number above 0 and a unit (Y, M, D, h, m or s).
 *
 * @returns milliseconds; undefined if it is not valid
 */
export function ageMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,15})([YMDhms])$/.exec(text) ?? [];
  const count = Number(digits);
  return count > 0 ? count * (unitMs[unit ?? ''] ?? 0) : undefined;
}
