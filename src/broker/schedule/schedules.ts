// The scheduled messages of a broker: delayed messages, and delayed retries.

import { wholeText } from '../../base/bytes.ts';
import type { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import { BrokerError } from '../errors.ts';
import { storedSenderKeys } from '../exchanges/sender-keys.ts';
import type { Flow } from '../flow.ts';
import type { MessageFormat } from '../format.ts';
import type { HeldChange } from '../held/held-changes.ts';
import { HeldMessages, publicationOf } from '../held/held-messages.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { LongPublishes } from '../publishing/long-publishes.ts';
import type { Queue } from '../queue.ts';
import { expiryMsMax } from '../queue-options.ts';
import type { Delivery } from '../subscription.ts';
import type { Turns } from '../turns/turns.ts';
import type { Vhost } from '../vhost.ts';
import { delayMsOf } from './delay-header.ts';
import type { Job, JobChange } from './job.ts';
import { retryDelayMs } from './retry.ts';
import { type DueEntry, type RetryJob, Schedule, type ScheduleHost } from './schedule.ts';

/** The interface to the broker. */
export interface SchedulesHost {
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly flow: Flow;
  readonly vhosts: ReadonlyMap<string, Vhost>;
  readonly isRecovering: boolean;
  nowMs(): number;
  /** A random number from 0 to 1. */
  random(): number;
  pump(): void;
  newQueueIndex(number: number | undefined, isDurable: boolean): QueueIndex;
  define(change: HeldChange | JobChange): void;
  formatOf(number: number): MessageFormat | undefined;
  readonly longPublishes: LongPublishes;
  publishUnawaited(vhost: Vhost, publication: Publication): void;
  /** Reports a message that was lost because of a bug; `where` is its virtual host. */
  letterLost(error: unknown, where: string): void;
  /** Pauses publishers if the log is behind. */
  pauseIfBehind(): void;
  /** Stores a message in queues. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void;
}

/** Delayed and scheduled messages in all virtual hosts. */
export class Schedules implements ScheduleHost {
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly #host: SchedulesHost;
  readonly #schedules = new Map<string, Schedule>();
  /** Whether the current publish is a delayed message that is due. */
  #isDelivering = false;

  constructor(host: SchedulesHost) {
    this.#host = host;
    this.store = host.store;
    this.limits = host.limits;
    this.turns = host.turns;
  }

  get isRecovering(): boolean {
    return this.#host.isRecovering;
  }

  get longPublishes(): LongPublishes {
    return this.#host.longPublishes;
  }

  nowMs(): number {
    return this.#host.nowMs();
  }

  pump(): void {
    this.#host.pump();
  }

  failed(): void {
    // A block that cannot be read means that the log has failed, which ends the broker.
    this.#host.flow.block('storage failed');
  }

  /** Returns the schedule of a virtual host. The log contains it from its first message on. */
  of(vhost: string): Schedule {
    let schedule = this.#schedules.get(vhost);
    if (schedule === undefined) {
      schedule = new Schedule(this, vhost);
      this.#schedules.set(vhost, schedule);
    }
    return schedule;
  }

  hold(vhost: string, part: number): HeldMessages {
    const queueIndex = this.#host.newQueueIndex(undefined, true);
    this.#host.define({
      kind: 'held',
      vhost,
      purpose: 'scheduled',
      part,
      number: queueIndex.number,
    });
    return new HeldMessages(this.store, queueIndex);
  }

  saveJob(vhost: string, id: number, job: Job): void {
    this.#host.define({ kind: 'job', vhost, id, job });
  }

  /** Applies a change from the log. */
  apply(change: HeldChange | JobChange): void {
    const schedule = this.of(change.vhost);
    if (change.kind === 'job') schedule.restoreJob(change.id, change.job);
    else if (!schedule.hasPart(change.part)) {
      const queueIndex = this.#host.newQueueIndex(change.number, true);
      schedule.restorePart(change.part, new HeldMessages(this.store, queueIndex));
    }
  }

  /** Yields the changes that recreate the schedules without their messages. */
  *snapshot(): Generator<HeldChange | JobChange> {
    for (const [vhost, schedule] of this.#schedules) {
      for (const [part, { index: queueIndex }] of schedule.parts()) {
        yield { kind: 'held', vhost, purpose: 'scheduled', part, number: queueIndex.number };
      }
      for (const [id, job] of schedule.jobs()) yield { kind: 'job', vhost, id, job };
    }
  }

  /** Builds the heaps after all messages have been recovered. */
  recovered(): void {
    for (const schedule of this.#schedules.values()) schedule.recovered();
  }

  /** Deletes the schedule of a deleted virtual host. */
  forget(vhost: string): void {
    this.#schedules.get(vhost)?.end();
    this.#schedules.delete(vhost);
  }

  /**
   * Delays a message to an exchange of type `x-delayed-message` by its header `x-delay`.
   *
   * @returns whether the message is delayed; false without a positive header, so that it is routed
   *   at once
   * @throws {BrokerError} `precondition-failed` if the delay is too long, or there are too many
   *   entries
   */
  delay(vhost: Vhost, publication: Publication): boolean {
    if (!this.#hold(vhost, publication)) return false;
    this.#host.pauseIfBehind();
    return true;
  }

  #hold(vhost: Vhost, publication: Publication): boolean {
    if (this.#isDelivering) return false;
    const { format: number, head, headStart, headEnd } = publication;
    const header = this.#host.formatOf(number)?.headers(head, headStart, headEnd)['x-delay'];
    const delayMs = header === undefined ? 0 : delayMsOf(header);
    if (delayMs <= 0) return false;
    if (delayMs > expiryMsMax) {
      const why = `x-delay of ${wholeText(delayMs)} ms is more than the ${expiryMsMax} allowed`;
      throw new BrokerError('precondition-failed', `message cannot be scheduled: ${why}`);
    }
    this.of(vhost.name).add(publication, { delayMs, periodMs: 0, repeatCount: 0 });
    return true;
  }

  /** Delays a dead letter. Returns whether it is delayed. */
  delayLetter(vhost: Vhost, publication: Publication): boolean {
    try {
      return this.#hold(vhost, publication);
    } catch (error) {
      // The message is routed at once instead of being lost.
      if (error instanceof BrokerError) return false;
      throw error;
    }
  }

  /**
   * Schedules a rejected message for another delivery according to the policy of the queue. Call it
   * in the batch that removes the message. The view is open on it.
   *
   * @returns false if it was retried too often, or there are too many entries
   */
  retry(queue: Queue, view: Delivery): boolean {
    const { retry } = queue;
    if (retry === undefined || view.deliveryCount >= retry.retryCountMax) return false;
    const delayMs = retryDelayMs(retry, view.deliveryCount, this.#host.random());
    const dueMs = this.nowMs() + delayMs;
    if (view.expiresAtMs <= dueMs) return false;
    const failedCount = view.deliveryCount + 1;
    const job = { dueMs, periodMs: 0, leftCount: 0, queue: queue.name, failedCount, delayMs };
    return this.of(queue.vhost).addRetry(publicationOf(view), job, view.expiresAtMs);
  }

  storeRetry(vhost: string, publication: Publication, view: MessageView, job: RetryJob): void {
    const queue = this.#host.vhosts.get(vhost)?.queues.get(job.queue ?? '');
    if (queue === undefined) return; // it was deleted
    const { expiresAtMs } = view;
    this.#changeRetry(queue, publication, job);
    if (expiresAtMs !== Infinity) {
      publication.expirationMs = Math.max(0, expiresAtMs - this.nowMs());
    }
    this.#host.storeQuietly(publication, [queue]);
    this.store.counts.set(queue.index, queue.index.next - 1, job.failedCount ?? 0);
    this.store.writeCounts();
  }

  #changeRetry({ deadLetters, retry }: Queue, publication: Publication, job: RetryJob): void {
    const format = this.#host.formatOf(publication.format);
    if (deadLetters === undefined || retry === undefined || format === undefined) return;
    const { head, headStart, headEnd } = publication;
    const changes = deadLetters.retryChanges(retry, job.delayMs ?? 0, job.id);
    publication.head = format.deadLetterHead(head, headStart, headEnd, changes);
    publication.headStart = 0;
    publication.headEnd = publication.head.length;
  }

  publishDue(vhost: string, publication: Publication, view: MessageView, due: DueEntry): void {
    const home = this.#host.vhosts.get(vhost);
    const exchange = home?.exchanges.get(view.exchangeName());
    const format = this.#host.formatOf(publication.format);
    // The message is dropped, because its virtual host, exchange or format no longer exists.
    if (home === undefined || exchange === undefined || format === undefined) return;
    publication.exchange = exchange;
    try {
      this.#readDue(publication, format, due);
    } catch (error) {
      // A stored head that cannot be read must not end the broker, again at each start.
      this.#host.letterLost(error, vhost);
      return;
    }
    this.#publish(home, publication);
  }

  /** Gives a message what its head states: when it was due, its expiration, and further routing keys. */
  #readDue(publication: Publication, format: MessageFormat, due: DueEntry): void {
    const { head, headStart, headEnd } = publication;
    const dueHead = format.dueHead?.(head, headStart, headEnd, due.id, due.repeatedAtMs);
    if (dueHead !== undefined) {
      publication.head = dueHead;
      publication.headStart = 0;
      publication.headEnd = dueHead.length;
    }
    const expiration = format.expiration(head, headStart, headEnd);
    if (expiration !== undefined) publication.expirationMs = Number(expiration);
    const headers = format.headers(head, headStart, headEnd);
    const { cc, bcc } = storedSenderKeys(format, publication.format, headers);
    if (cc.length + bcc.length > 0) publication.extraRoutingKeys = [...cc, ...bcc];
  }

  #publish(vhost: Vhost, publication: Publication): void {
    const host = this.#host;
    this.#isDelivering = true;
    try {
      host.publishUnawaited(vhost, publication);
    } catch (error) {
      // No publisher waits for this error.
      if (!(error instanceof BrokerError)) host.letterLost(error, vhost.name);
    } finally {
      this.#isDelivering = false;
    }
  }
}
