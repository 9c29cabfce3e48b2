// The scheduled messages of a virtual host.

import { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import { BrokerError } from '../errors.ts';
import { type HeldMessages, publicationOf } from '../held/held-messages.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { LongPublishes } from '../publishing/long-publishes.ts';
import type { Background, Worker } from '../turns/background.ts';
import type { Timed } from '../turns/timers.ts';
import type { Turns } from '../turns/turns.ts';
import { DueHeap } from './due-heap.ts';
import { begin, checkTiming, following, type Job, type Timing } from './job.ts';
import { Rebuild } from './rebuild.ts';

/** The interface to the broker. */
export interface ScheduleHost {
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly longPublishes: LongPublishes;
  readonly isRecovering: boolean;
  nowMs(): number;
  /** Creates the durable storage of one part. */
  hold(vhost: string, part: number): HeldMessages;
  /** Stores the remaining work of a job. */
  saveJob(vhost: string, id: number, job: Job): void;
  /** Publishes a due message. Its bytes are in the view's buffer until this returns. */
  publishDue(vhost: string, publication: Publication, view: MessageView, due: DueEntry): void;
  /** Stores a message in its queue for another delivery; see {@link Job}. */
  storeRetry(vhost: string, publication: Publication, view: MessageView, job: RetryJob): void;
  /** Delivers messages. */
  pump(): void;
  /** Called if a block cannot be read because the log has failed. */
  failed(): void;
}

/** A due message that is to be routed. */
export interface DueEntry {
  readonly id: number;
  /** The due time, if the message is delivered more than once; milliseconds since 1970. */
  readonly repeatedAtMs: number | undefined;
}

/** A due retry. */
export interface RetryJob extends Job {
  /** The id of the entry. */
  readonly id: number;
}

/** An entry of a schedule. */
export interface ScheduledEntry {
  /** The id for {@link Schedule.remove} and {@link Schedule.read}; never reused. */
  readonly id: number;
  /** The time of the next delivery, milliseconds since 1970. */
  readonly dueMs: number;
}

/** The entries to list. */
export interface EntryRange {
  /** The range of the next delivery, inclusive, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The id of the entry after which to continue. */
  readonly after?: number;
  readonly countMax: number;
}

/*
 * A queue index takes memory for all numbers from its first live message on. Messages are therefore
 * held in parts by their waiting time. In each part, the longest time is at most sixteen times the
 * shortest, so a message that waits for a year does not keep the memory of messages that came and
 * went in the meantime.
 */
const horizonsMs = [1, 16, 256, 4096, 65_536, 1_048_576, 16_777_216].map((s) => s * 1000);
/** The part of messages with a job. */
const jobPart = horizonsMs.length + 1;
const partCountMax = 16;

/** Units of work for a delivery, and copied bytes per unit. */
const deliveryUnits = 24;
const bytesOfUnit = 512;
/** Maximum number of entries that one call of {@link Schedule.page} examines. */
const lookedCountMax = 4096;
/** Number of stale entries in the heap before it is rebuilt. */
const staleCountMin = 4096;

/**
 * The scheduled messages of one virtual host. A message is held with its due time, from which the
 * heap is rebuilt at recovery. A due message is published and removed, or its job updated, in one
 * batch of the log: after a crash, it has been delivered or is still due.
 */
export class Schedule implements Timed, Worker {
  isListed = false;
  timerMs = Infinity;
  timerAt = -1;
  /** The number of entries. */
  count = 0;
  readonly vhost: string;
  readonly #host: ScheduleHost;
  readonly #parts: (HeldMessages | undefined)[] = [];
  readonly #jobs = new Map<number, Job>();
  readonly #view = new MessageView();
  #heap = new DueHeap();
  #rebuild: Rebuild | undefined = undefined;
  #isLoading = false;
  #isEnded = false;

  constructor(host: ScheduleHost, vhost: string) {
    this.#host = host;
    this.vhost = vhost;
  }

  /** The number of entries with a job: repeated ones, cron entries, and retries. */
  get jobCount(): number {
    return this.#jobs.size;
  }

  /** The number of entries in the heap, including stale ones. */
  get heapSize(): number {
    return this.#heap.size;
  }

  /** Restores a part from the log. */
  restorePart(part: number, held: HeldMessages): void {
    this.#parts[part] ??= held;
  }

  /** Whether the log contains a part. */
  hasPart(part: number): boolean {
    return this.#parts[part] !== undefined;
  }

  /** Restores a job from the log. Its message may have been removed since. */
  restoreJob(id: number, job: Job): void {
    this.#jobs.set(id, job);
  }

  /** The parts, for a checkpoint. */
  *parts(): Generator<[part: number, held: HeldMessages]> {
    for (const [part, held] of this.#parts.entries()) if (held !== undefined) yield [part, held];
  }

  /** The jobs, for a checkpoint. */
  jobs(): IterableIterator<[id: number, job: Job]> {
    return this.#jobs.entries();
  }

  /** Builds the heap after all messages have been recovered. */
  recovered(): void {
    for (const id of [...this.#jobs.keys()]) if (!this.#isLive(id)) this.#jobs.delete(id);
    for (const [part, { index: queueIndex }] of this.parts()) {
      this.count += queueIndex.count;
      for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        const id = idOf(part, s);
        this.#heap.add(this.#dueMs(id), id);
      }
    }
    this.#waitForFirst();
  }

  /**
   * Schedules a copy of a message. The copy is in the open group of the log when this returns.
   *
   * @returns the id of the entry
   * @throws {BrokerError} `precondition-failed` for a timing out of range, or if there are too many
   *   entries
   */
  add(publication: Publication, timing: Timing): number {
    const { limits } = this.#host;
    checkTiming(timing, limits.scheduledRepeatCountMax);
    const nowMs = this.#host.nowMs();
    const { dueMs, job } = begin(timing, nowMs);
    this.#requireRoom('scheduled messages', this.count, limits.scheduledCountMax);
    if (job !== undefined) {
      this.#requireRoom('repeated messages', this.#jobs.size, limits.scheduledJobCountMax);
      return this.#addJob(publication, Infinity, job);
    }
    const part = partFor(dueMs - nowMs);
    const id = idOf(part, this.#part(part).add(publication, nowMs, dueMs));
    this.#added(dueMs, id);
    return id;
  }

  /**
   * Schedules a copy of a message for another delivery in one queue.
   *
   * @param expiresAtMs milliseconds since 1970; Infinity for never
   * @returns false if there are too many entries
   */
  addRetry(publication: Publication, job: Job, expiresAtMs: number): boolean {
    const { limits } = this.#host;
    if (this.count >= limits.scheduledCountMax) return false;
    if (this.#jobs.size >= limits.scheduledJobCountMax) return false;
    this.#addJob(publication, expiresAtMs, job);
    return true;
  }

  /** Stores a message and its job, which are recovered together. */
  #addJob(publication: Publication, expiresAtMs: number, job: Job): number {
    const { store } = this.#host;
    const held = this.#part(jobPart);
    store.begin();
    let id: number;
    try {
      id = idOf(jobPart, held.add(publication, this.#host.nowMs(), expiresAtMs));
      this.#setJob(id, job);
    } finally {
      store.end();
    }
    this.#added(job.dueMs, id);
    return id;
  }

  #added(dueMs: number, id: number): void {
    this.count++;
    this.#push(dueMs, id);
  }

  #requireRoom(what: string, count: number, countMax: number): void {
    if (count < countMax) return;
    const why = `limit of ${what} in vhost '${this.vhost}' (${countMax}) is reached`;
    throw new BrokerError('precondition-failed', `message cannot be scheduled: ${why}`);
  }

  #part(part: number): HeldMessages {
    const known = this.#parts[part];
    if (known !== undefined) return known;
    const held = this.#host.hold(this.vhost, part);
    this.#parts[part] = held;
    return held;
  }

  #setJob(id: number, job: Job): void {
    this.#jobs.set(id, job);
    this.#host.saveJob(this.vhost, id, job);
  }

  #push(dueMs: number, id: number): void {
    this.#heap.add(dueMs, id);
    this.#rebuild?.heap.add(dueMs, id);
    this.#waitForFirst();
  }

  #waitForFirst(): void {
    const { firstMs } = this.#heap;
    if (firstMs !== Infinity) this.#host.turns.schedule(this, firstMs);
  }

  /** Called when an entry is due. */
  tick(_nowMs: number): void {
    if (!this.#isEnded) this.#host.turns.background.add(this);
  }

  work(units: Background, until: number): boolean {
    if (this.#isEnded) return this.#drop(units, until);
    const { store } = this.#host;
    const nowMs = this.#host.nowMs();
    const { longPublishes } = this.#host;
    if (!this.#mustWait && this.#heap.firstMs <= nowMs) {
      // A batch, so that a delivery and the removal of its entry are recovered together. Within a
      // batch, a message stays in place until it is copied.
      store.begin();
      try {
        this.#deliverDue(nowMs, units, until);
      } finally {
        store.end();
      }
    }
    const isDue = this.#heap.firstMs <= nowMs;
    if (isDue && longPublishes.isBusy) longPublishes.wait(this);
    if (!isDue) this.#waitForFirst();
    return this.#rebuildSome(units, until) || (isDue && !this.#mustWait);
  }

  /**
   * Whether the next message must be read from disk, or an earlier one is still being published.
   */
  get #mustWait(): boolean {
    return this.#isLoading || this.#host.longPublishes.isBusy;
  }

  #deliverDue(nowMs: number, units: Background, until: number): void {
    while (units.left > until && this.#heap.firstMs <= nowMs && !this.#mustWait) {
      const { firstMs, firstId } = this.#heap;
      units.spend(1);
      if (!this.#isLive(firstId) || this.#dueMs(firstId) !== firstMs) {
        this.#heap.take(); // it was removed
      } else if (!this.#heldOf(firstId).view(sequenceOf(firstId), this.#view)) {
        this.#load(firstId);
        return;
      } else {
        this.#heap.take();
        this.#deliver(firstId, nowMs, units);
      }
    }
  }

  #deliver(id: number, nowMs: number, units: Background): void {
    const view = this.#view;
    const publication = publicationOf(view);
    const job = this.#jobs.get(id);
    units.spend(deliveryUnits + Math.floor(publication.sizeBytes / bytesOfUnit));
    if (job?.queue !== undefined) {
      this.#host.storeRetry(this.vhost, publication, view, { ...job, id });
    } else if (job?.run !== undefined) this.#beginRun(publication, job.run);
    else {
      const due = { id, repeatedAtMs: job?.dueMs };
      this.#host.publishDue(this.vhost, publication, view, due);
    }
    const next = job === undefined ? undefined : following(job, nowMs);
    if (next === undefined) this.#removeLive(id);
    else {
      this.#setJob(id, next);
      this.#push(next.dueMs, id);
    }
  }

  #beginRun(publication: Publication, run: Timing): void {
    try {
      this.add(publication, run);
    } catch (error) {
      // There are too many entries. No publisher waits for this error.
      if (!(error instanceof BrokerError)) throw error;
    }
  }

  #load(id: number): void {
    this.#isLoading = true;
    const done = () => {
      this.#isLoading = false;
      this.#host.turns.background.add(this);
      this.#host.pump();
    };
    this.#heldOf(id)
      .load(sequenceOf(id))
      .then(done, () => this.#host.failed());
  }

  /** Removes an entry. Returns false if it does not exist. */
  remove(id: number): boolean {
    if (!this.#isLive(id)) return false;
    this.#removeLive(id);
    const staleCount = this.#heap.size - this.count;
    if (this.#rebuild === undefined && staleCount > Math.max(this.count, staleCountMin)) {
      this.#rebuild = new Rebuild([...this.parts()], idOf, (other) => this.#dueMs(other));
      this.#host.turns.background.add(this);
    }
    return true;
  }

  #removeLive(id: number): void {
    this.#heldOf(id).remove(sequenceOf(id));
    this.#jobs.delete(id);
    this.count--;
  }

  #rebuildSome(units: Background, until: number): boolean {
    const rebuild = this.#rebuild;
    if (rebuild === undefined) return false;
    while (units.left > until) {
      units.spend(1);
      if (rebuild.step()) continue;
      this.#heap = rebuild.heap;
      this.#rebuild = undefined;
      return false;
    }
    return true;
  }

  /**
   * Lists entries in a stable order, as many as one call may examine.
   *
   * @returns the entries, and the id after which to continue; undefined at the end
   */
  page(range: EntryRange): { entries: readonly ScheduledEntry[]; after: number | undefined } {
    const { fromMs, toMs, countMax } = range;
    const entries: ScheduledEntry[] = [];
    let lookedCount = 0;
    for (const id of this.#idsAfter(range.after ?? -1)) {
      const dueMs = this.#dueMs(id);
      if (dueMs >= fromMs && dueMs <= toMs) entries.push({ id, dueMs });
      if (entries.length >= countMax || ++lookedCount >= lookedCountMax) {
        return { entries, after: id };
      }
    }
    return { entries, after: undefined };
  }

  *#idsAfter(after: number): Generator<number> {
    const firstPart = after < 0 ? 0 : after % partCountMax;
    for (const [part, { index: queueIndex }] of this.parts()) {
      if (part < firstPart) continue;
      const from = part === firstPart && after >= 0 ? sequenceOf(after) + 1 : 0;
      for (let s = queueIndex.liveFrom(from); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        yield idOf(part, s);
      }
    }
  }

  /** Returns a copy of the message of an entry; undefined if the entry does not exist. */
  read(id: number): Promise<Publication | undefined> {
    return this.look(id, (view) => publicationOf(view).copy());
  }

  /**
   * Looks at the message of an entry.
   *
   * @param see returns what it needs of the view, which is only open until it returns
   * @returns undefined if the entry does not exist
   */
  async look<Seen>(id: number, see: (view: MessageView) => Seen): Promise<Seen | undefined> {
    while (this.#isLive(id)) {
      if (this.#heldOf(id).view(sequenceOf(id), this.#view)) return see(this.#view);
      await this.#heldOf(id).load(sequenceOf(id));
    }
    return undefined;
  }

  /** Drops all messages of the deleted virtual host, in slices. */
  end(): void {
    this.#isEnded = true;
    this.#host.turns.forget(this);
    for (const [, held] of this.parts()) held.unlink();
    if (this.#host.isRecovering) while (this.#dropSome());
    else this.#host.turns.background.add(this);
  }

  #drop(units: Background, until: number): boolean {
    while (units.left > until) {
      units.spend(256);
      if (!this.#dropSome()) return false;
    }
    return true;
  }

  #dropSome(): boolean {
    const held = this.#parts.at(-1);
    if (held?.drop() !== true) this.#parts.pop();
    return this.#parts.length > 0;
  }

  #heldOf(id: number): HeldMessages {
    return this.#parts[id % partCountMax] as HeldMessages; // ids belong to existing parts
  }

  #isLive(id: number): boolean {
    return this.#parts[id % partCountMax]?.index.isLive(sequenceOf(id)) === true;
  }

  #dueMs(id: number): number {
    return this.#jobs.get(id)?.dueMs ?? this.#heldOf(id).index.expiresAtMs(sequenceOf(id));
  }
}

function partFor(delayMs: number): number {
  const part = horizonsMs.findIndex((horizonMs) => delayMs <= horizonMs);
  return part < 0 ? horizonsMs.length : part;
}

function idOf(part: number, sequence: number): number {
  return sequence * partCountMax + part;
}

function sequenceOf(id: number): number {
  return Math.floor(id / partCountMax);
}
