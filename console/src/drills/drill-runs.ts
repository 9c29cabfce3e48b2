// Runs of drills, whose results the trail has.

import { lookUpEvents, type TrailEvent, whoOf } from '../trail/events.ts';

/** The result of a drill. */
export interface DrillResult {
  /** Its name. */
  readonly drill: string;
  readonly hasPassed: boolean;
  readonly durationMs: number;
  /** The parts that the machine could not run, and why. */
  readonly notTried?: string;
}

/** A run of drills, as `waxwing drill --record` sent it. */
export interface DrillRun {
  readonly id: string;
  readonly endedAt: Date | undefined;
  /** Who had it recorded. */
  readonly who: string;
  /** The version of the program that was attacked, and the hash of its files. */
  readonly version: string;
  readonly programSha256: string;
  readonly results: readonly DrillResult[];
}

interface Recorded {
  readonly endedAt?: string;
  readonly version?: string;
  readonly programSha256?: string;
  readonly drills?: readonly DrillResult[];
}

/** Lists runs of the last 90 days, the newest first, a page at a time. */
export async function listRuns(token: string | undefined) {
  const attribute = { AttributeKey: 'EventName', AttributeValue: 'RecordDrills' } as const;
  const { items, next } = await lookUpEvents({ attribute }, token);
  // A call that was refused recorded nothing.
  const done = items.filter(({ record }) => record.errorCode === undefined);
  return { items: done.map(runOf), next };
}

function runOf(event: TrailEvent): DrillRun {
  const { requestParameters } = JSON.parse(event.text) as { requestParameters?: Recorded };
  const { endedAt, version = '', programSha256 = '', drills = [] } = requestParameters ?? {};
  return {
    id: event.id,
    endedAt: endedAt === undefined ? event.at : new Date(endedAt),
    who: whoOf(event),
    version,
    programSha256,
    results: drills,
  };
}

/** How many of the drills of a run passed: `14 of 15 passed`, `15 of 15 passed, 1 in part` */
export function passedText({ results }: DrillRun): string {
  const passed = results.filter(({ hasPassed }) => hasPassed);
  const inPart = passed.filter(({ notTried }) => notTried !== undefined).length;
  const text = `${passed.length} of ${results.length} passed`;
  return inPart === 0 ? text : `${text}, ${inPart} in part`;
}

/** Whether all drills of a run passed. */
export function hasPassed({ results }: DrillRun): boolean {
  return results.length > 0 && results.every((result) => result.hasPassed);
}
