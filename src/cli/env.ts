import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { askEnvironment, type Environment } from '../server/environment.ts';
import { ServerError } from '../server/errors.ts';

/** The options of `waxwing env`, as the command line's parser names them. */
export interface EnvOptions {
  readonly data: string;
  /** Prints JSON and not shell exports. */
  readonly json: boolean;
  /** Seconds to wait for a service that does not answer yet. */
  readonly wait: number;
}

/** Variables that would override the ones that {@link printEnvironment} sets. */
export const variablesToUnset = [
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
] as const;

const retryMs = 100;

/**
 * Prints what a client needs: as commands for a POSIX shell, or as one JSON object.
 *
 * @throws {ServerError} `not-running` where no service answers in time
 */
export async function printEnvironment({ data, json, wait }: EnvOptions): Promise<void> {
  const environment = await waitFor(resolve(data), wait);
  if (json) {
    console.log(JSON.stringify(environment, null, 2));
    return;
  }
  console.log(`unset ${variablesToUnset.join(' ')}`);
  for (const [name, value] of Object.entries(environment)) {
    console.log(`export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`);
  }
}

async function waitFor(folder: string, waitSeconds: number): Promise<Environment> {
  const untilMs = systemClock.monotonicMs() + waitSeconds * 1000;
  for (;;) {
    try {
      return await askEnvironment(folder);
    } catch (error) {
      const isEarly = error instanceof ServerError && error.code === 'not-running';
      if (!isEarly || systemClock.monotonicMs() >= untilMs) throw error;
    }
    await sleep(retryMs);
  }
}
