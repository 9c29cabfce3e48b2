// Stalled channels of a connection.

import { decisionCountMax, Undecided } from '../../../broker/logins/undecided.ts';
import type { Channel } from '../channel.ts';
import { type FrameSink, frameTypes } from '../codec/frames.ts';
import { AmqpError } from '../errors.ts';
import { Backlog, backlogBytesMax, type WaitingFrame } from './backlog.ts';
import type { FrameGate } from './frame-gate.ts';

/** The interface to the connection. */
interface StallHost extends FrameSink {
  /** Holds back received frames, and frames in backlogs. */
  readonly gate: FrameGate;
  /** Starts or stops reading, depending on `isFull`. */
  setReading(): void;
  /** Requests one call of `StalledChannels.goOn` at the end of this turn. */
  requestFlush(): void;
  /** Whether a drained frame has failed, so that the connection will be closed. */
  readonly hasDrainFailed: boolean;
}

/** The channels of a connection with unanswered methods, and the frames that wait for them. */
export class StalledChannels {
  /** Whether so much is waiting that reading must stop. */
  isFull = false;
  readonly #host: StallHost;
  readonly #channels: readonly (Channel | undefined)[];
  /** Channels that may be able to continue. */
  readonly #goingOn = new Set<Channel>();
  /** The total size of waiting frames. */
  #sizeBytes = 0;
  /** The number of channels that wait for a decision. */
  #undecidedCount = 0;
  /** Called once no channel waits for a decision. */
  #decided: (() => void) | undefined = undefined;
  /** The frames that are being handled. */
  #handled: Backlog | undefined = undefined;

  /** @param channels the channels of the connection by number; emptied when it is released */
  constructor(host: StallHost, channels: readonly (Channel | undefined)[]) {
    this.#host = host;
    this.#channels = channels;
  }

  /** Whether frames of any channel wait. */
  get hasBacklog(): boolean {
    return this.#channels.some((channel) => channel?.backlog !== undefined);
  }

  /** Stores a frame of a stalled channel. */
  postpone(
    backlog: Backlog,
    type: number,
    bytes: Buffer,
    at: number,
    end: number,
    isLast: boolean,
  ): void {
    const before = backlog.sizeBytes;
    backlog.add({ type, bytes, at, end, isLast });
    this.#grow(backlog.sizeBytes - before);
  }

  /**
   * Whether a channel waits for a decision of another service.
   *
   * @param later called once none does; a later call replaces an earlier one
   */
  isLater(later: () => void): boolean {
    if (this.#undecidedCount === 0) return false;
    this.#decided = later;
    return true;
  }

  /**
   * Stalls a channel if a frame needs a decision of another service. The frame will be handled again.
   *
   * @param thrown what was thrown for the frame
   * @returns the error of the frame; undefined if it waits
   */
  waitIfUndecided(channel: Channel, thrown: unknown, frame: WaitingFrame): unknown {
    if (!(thrown instanceof Undecided)) return thrown;
    if (channel.decisionCount++ === decisionCountMax || frame.type === frameTypes.body) {
      const why = `more than ${decisionCountMax} permissions are required at once`;
      return new AmqpError('access-refused', why);
    }
    const backlog = channel.backlog ?? this.#handled ?? new Backlog();
    const { sizeBytes } = backlog;
    backlog.putBack(frame);
    channel.backlog = backlog;
    channel.isUndecided = true;
    this.#undecidedCount++;
    this.#grow(backlog.sizeBytes - sizeBytes);
    thrown.decided.then(() => this.#decide(channel));
    return undefined;
  }

  #decide(channel: Channel): void {
    channel.isUndecided = false;
    this.#undecidedCount--;
    this.goOnLater(channel);
    if (this.#undecidedCount > 0) return;
    const decided = this.#decided;
    this.#decided = undefined;
    decided?.();
  }

  #grow(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
    const isFull = this.#sizeBytes > backlogBytesMax;
    if (this.isFull === isFull) return;
    this.isFull = isFull;
    this.#host.setReading();
  }

  /** A channel may be able to continue. */
  goOnLater(channel: Channel): void {
    this.#goingOn.add(channel);
    this.#host.requestFlush();
  }

  /**
   * Lets channels continue, as far as this turn permits.
   *
   * @returns whether frames were handled
   */
  goOn(): boolean {
    const { gate } = this.#host;
    if (this.#goingOn.size === 0 || gate.isBusy) return false;
    gate.beginTurn();
    const channels = [...this.#goingOn];
    this.#goingOn.clear();
    for (const channel of channels) {
      // The gate requests another turn when it is open again.
      if (gate.isBusy) this.#goingOn.add(channel);
      else this.#goOn(channel);
    }
    return true;
  }

  #goOn(channel: Channel): void {
    channel.getter.tryAgain();
    if (!channel.getter.isWaiting && !channel.isUndecided) this.#replay(channel);
  }

  /** Handles waiting frames until the channel stalls again or the gate closes. */
  #replay(channel: Channel): void {
    const { number, backlog } = channel;
    const { gate } = this.#host;
    if (backlog === undefined || this.#channels[number] !== channel) return;
    channel.backlog = undefined;
    while (this.#handleNext(number, backlog)) {
      // The channel may have been closed and opened again.
      const current = this.#channels[number];
      if (current === undefined) continue;
      if (current.backlog === undefined) {
        if (!gate.isBusy || backlog.sizeBytes === 0) continue;
        this.#goingOn.add(current);
      }
      current.backlog = backlog;
      return;
    }
  }

  /** Handles one frame. Returns whether more may follow. */
  #handleNext(number: number, backlog: Backlog): boolean {
    const { sizeBytes } = backlog;
    const frame = backlog.take();
    if (frame === undefined || this.#channels.length === 0) return false;
    this.#grow(backlog.sizeBytes - sizeBytes);
    this.#handled = backlog;
    this.#handle(number, frame);
    this.#handled = undefined;
    const current = this.#channels[number];
    if (current?.isUndecided === false) current.decisionCount = 0;
    return true;
  }

  #handle(number: number, { type, bytes, at, end, isLast }: WaitingFrame): void {
    if (type === frameTypes.method) this.#host.method(number, bytes, at, end);
    else if (type === frameTypes.header) this.#host.header(number, bytes, at, end);
    else this.#host.body(number, bytes, at, end, isLast);
  }

  /**
   * Handles the frames that a peer sent before it disconnected, one per step. Gets have no effect,
   * because nobody would receive their answers. The caller holds back other frames in the meantime.
   */
  *drain(): Generator<void> {
    for (let number = 0; number < this.#channels.length; number++) {
      let channel = this.#channels[number];
      while (channel?.backlog !== undefined && !channel.isUndecided) {
        channel.getter.stop();
        yield* this.#drainOne(number, channel);
        channel = this.#channels[number];
      }
    }
  }

  /** Handles frames until the channel stalls again, or the connection ends. */
  *#drainOne(number: number, channel: Channel): Generator<void> {
    const { backlog } = channel;
    channel.backlog = undefined;
    if (backlog === undefined) return;
    const { gate } = this.#host;
    for (;;) {
      while (gate.isBusyOtherwise) yield;
      if (!this.#handleNext(number, backlog) || this.#host.hasDrainFailed) return;
      const current = this.#channels[number];
      if (current?.backlog !== undefined) {
        current.backlog = backlog;
        return;
      }
      yield;
    }
  }
}
