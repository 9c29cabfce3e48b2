// The operation `RecordDrills`.

import { operation } from '../../../aws/service.ts';
import { boolean, list, long, required, string, structure } from '../../../aws/shapes/shape.ts';
import { ControlError } from '../../../control/errors.ts';

/** Maximum number of drills of a run. */
const drillCountMax = 64;
/** Maximum time that a drill takes, milliseconds. */
const durationMaxMs = 86_400_000;

/** ISO 8601, UTC, with milliseconds. */
const time = string({ min: 24, max: 24 });

const result = structure({
  drill: required(string({ min: 1, max: 64, pattern: /^[a-z0-9-]+$/ })),
  hasPassed: required(boolean()),
  durationMs: required(long({ min: 0, max: durationMaxMs })),
  /** The parts that the machine could not run, and why. */
  notTried: string({ min: 1, max: 512, pattern: /^\P{C}+$/u }),
});

/** @throws {ControlError} `bad-request` */
function requireTime(member: string, text: string): void {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms) && new Date(ms).toISOString() === text) return;
  const shown = JSON.stringify(text);
  throw new ControlError(
    'bad-request',
    `${member} is ${shown}; use 2026-01-31T12:00:00.000Z`,
    member,
  );
}

/** Records the results of drills in the trail, whose event is all that is kept of them. */
export function recordDrills() {
  return operation({
    action: 'waxwing:RecordDrills',
    readOnly: false,
    http: { method: 'POST', path: '/waxwing/v1/drills' },
    input: structure({
      startedAt: required(time),
      endedAt: required(time),
      /** The version of the program that ran them. */
      version: required(string({ min: 1, max: 64, pattern: /^[\w.+-]+$/ })),
      /** SHA-256 of the program's files, hexadecimal. */
      programSha256: required(string({ min: 64, max: 64, pattern: /^[0-9a-f]+$/ })),
      drills: required(list(result, { min: 1, max: drillCountMax })),
    }),
    output: structure({}),
    handle: ({ startedAt, endedAt }) => {
      requireTime('startedAt', startedAt);
      requireTime('endedAt', endedAt);
      return { output: {} };
    },
  });
}
