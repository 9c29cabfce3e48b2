// Performs a drill.

import { systemClock } from '../../base/clock.ts';
import type { Drill, DrillResult } from './drill.ts';
import { Lab, type LabOptions } from './lab.ts';

/** Performs a drill in a new lab. An error fails the drill, and is part of its result. */
export async function perform(drill: Drill, options: LabOptions = {}): Promise<DrillResult> {
  const startMs = systemClock.monotonicMs();
  const lab = await Lab.open(options);
  let error: string | undefined;
  try {
    await drill.run(lab);
  } catch (thrown) {
    error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } finally {
    await lab.close();
  }
  const { observations, notTried, done } = lab;
  const isAsPromised = observations.every((each) => each.isAsPromised);
  return {
    name: drill.name,
    promise: drill.promise,
    ...(drill.limits !== undefined && { limits: drill.limits }),
    // A drill that saw nothing shows nothing.
    hasPassed: error === undefined && observations.length > 0 && isAsPromised,
    done,
    observations,
    ...(notTried.length > 0 && { notTried }),
    ...(error !== undefined && { error }),
    durationMs: Math.round(systemClock.monotonicMs() - startMs),
  };
}
