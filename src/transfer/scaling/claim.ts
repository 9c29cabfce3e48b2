// Only one command at a time may move a broker: two would give the user that moves messages different
// passwords, and one would delete it while the other needs it.

import type { Clock, Timer } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { TransferError } from '../errors.ts';
import type { ManagementClient } from '../moving/management-client.ts';
import { pause } from './closing.ts';
import { globalParameter, required } from './mover.ts';

/**
 * The global parameter with which a command claims the broker that it moves: `{ "by": "…", "beat": 7 }`.
 * The command changes it all the time. One that was killed does not, so that the next one can go on.
 */
export const claimParameter = 'waxwing_scaling';

/** Time between two changes, milliseconds. */
const beatMs = 2000;
/** Time without a change after which the command that made the claim has ended, milliseconds. */
const quietMs = 10_000;
/** Time between two looks at the claim of another command, milliseconds. */
const lookMs = 1000;
/** Time in which a command that began at the same moment has written its claim, milliseconds. */
const raceMs = 1000;

const idBytes = 12;
const path = `/global-parameters/${claimParameter}`;

/** The claim of a running command. */
export interface Claim {
  /** Aborted if another command has replaced the claim, because the broker could not be reached for long. */
  readonly lost: AbortSignal;
  /** Ends the claim. */
  release(): Promise<void>;
}

/**
 * Claims a broker. If the claim of another command is there, this takes some seconds: a command that
 * was killed leaves it.
 *
 * @param waiting called if there is a claim
 * @throws {TransferError} `in-progress` if another command moves the broker
 */
export async function claim(
  management: ManagementClient,
  clock: Clock,
  waiting: () => void,
): Promise<Claim> {
  const first = await claimed(management);
  if (first !== undefined) {
    waiting();
    for (let waitedMs = 0; waitedMs < quietMs; waitedMs += lookMs) {
      await pause(clock, lookMs);
      const now = await claimed(management);
      if (now === undefined) break;
      if (JSON.stringify(now) !== JSON.stringify(first)) throw inProgress();
    }
  }
  const by = systemRandom.bytes(idBytes).toString('hex');
  let beat = 0;
  const write = () => {
    const body = { name: claimParameter, value: { by, beat: beat++ } };
    return required(management, 'PUT', path, body);
  };
  const isOwn = async () => (await claimed(management))?.['by'] === by;
  await write();
  await pause(clock, raceMs);
  if (!(await isOwn())) throw inProgress();
  const lost = new AbortController();
  let timer: Timer | undefined;
  let isReleased = false;
  let beating = Promise.resolve();
  const next = () => {
    timer = clock.setTimeout(() => {
      beating = renew();
    }, beatMs);
  };
  const renew = async () => {
    try {
      if (await isOwn()) await write();
      else lost.abort();
    } catch {
      // The broker does not answer, as during a restart. The next attempt tells more.
    }
    if (!isReleased && !lost.signal.aborted) next();
  };
  next();
  return {
    lost: lost.signal,
    release: async () => {
      isReleased = true;
      timer?.clear();
      await beating;
      if (!lost.signal.aborted && (await isOwn())) await required(management, 'DELETE', path);
    },
  };
}

/** The claim that is stored; undefined if there is none. */
function claimed(management: ManagementClient): Promise<JsonObject | undefined> {
  return globalParameter(management, path);
}

function inProgress(): TransferError {
  const text = 'another `waxwing scale` moves this broker; this one has changed nothing';
  return new TransferError('in-progress', `${text}. Wait for the other one, or end it first`);
}

/** The error of a command whose claim was replaced. */
export function replaced(cause?: unknown): TransferError {
  const text = 'another `waxwing scale` moves this broker now; this one has ended';
  return new TransferError('in-progress', text, { cause });
}
