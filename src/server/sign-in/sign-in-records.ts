// What the trail and the log show of sign-ins.

import type { EventRecord } from '../../audit/record.ts';
import { sourceOf } from '../../base/address.ts';
import type { Clock } from '../../base/clock.ts';
import { FailureGatherer } from '../../base/failure-gatherer.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { TokenBuckets } from '../../base/token-buckets.ts';
import type { RequestHead } from '../../net/http/message.ts';
import type { Entry } from '../../storage/journal.ts';
import { type SignInAttempt, signInEvent } from './sign-in-events.ts';

/**
 * Failed sign-ins that the trail shows, so that nobody fills the trail. The log counts all of them, in a
 * bounded number of lines.
 */
const recordedFailures = {
  ofSource: { atOnceMax: 20, perSecond: 0.1 },
  ofAll: { atOnceMax: 200, perSecond: 1 },
  sourceCountMax: 4096,
};

/** The parts that recording needs. */
export interface SignInRecordParts {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<ServiceLog, 'warn'>;
  /** Chains an event to the trail. */
  readonly recorded: (event: EventRecord, atMs: number) => readonly Entry[];
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
}

/** A failed sign-in, for the log. */
interface SignInFailure {
  readonly peerAddress: string;
  readonly problem: string;
  readonly err?: unknown;
}

/** A failed attempt. */
export interface FailedAttempt {
  /** The user name that exists; undefined if it does not, or is not known. */
  readonly userName?: string | undefined;
  /** Whether an outside provider vouches for people. */
  readonly isOutside: boolean;
  readonly problem: string;
  /** The cause, for the log. */
  readonly error?: unknown;
  /** The URL of the page. */
  readonly url: string;
}

/** Records sign-ins, of which the pages and the console share the limits. */
export class SignInRecords {
  readonly #parts: SignInRecordParts;
  readonly #failures: TokenBuckets;
  readonly #reports = new FailureGatherer<SignInFailure>((failure, count) =>
    this.#parts.log.warn({ ...failure, count }, 'a sign-in failed'),
  );

  constructor(parts: SignInRecordParts) {
    this.#parts = parts;
    this.#failures = new TokenBuckets(recordedFailures, parts.clock);
  }

  /** Records a sign-in together with its changes. */
  succeeded(
    attempt: Omit<SignInAttempt, 'atMs' | 'problem'>,
    url: string,
    changes: readonly Entry[],
  ): Promise<void> {
    return this.#record({ ...attempt, problem: undefined }, url, changes);
  }

  /** Reports a failed attempt to the log, and records it in the trail unless there are too many. */
  async failed(head: RequestHead, attempt: FailedAttempt): Promise<void> {
    const { userName, isOutside, problem, error, url } = attempt;
    this.report(head, problem, error);
    if (this.#failures.take(sourceOf(head.peerAddress)) !== 'taken') return;
    const failure = { head, caller: undefined, userName, mfaUsed: false, isOutside, problem };
    await this.#record(failure, url, []);
  }

  /** Reports a failure to the log only. */
  report({ peerAddress }: RequestHead, problem: string, error: unknown): void {
    const failure = { peerAddress, problem, ...(error !== undefined && { err: error }) };
    this.#reports.add(JSON.stringify([peerAddress, problem]), failure);
  }

  #record(
    attempt: Omit<SignInAttempt, 'atMs'>,
    url: string,
    changes: readonly Entry[],
  ): Promise<void> {
    const { region, accountId, clock, random, recorded, commit } = this.#parts;
    const atMs = clock.nowMs();
    const event = signInEvent({ ...attempt, atMs }, { region, accountId, url, random });
    return commit([...changes, ...recorded(event, atMs)]);
  }
}
