import type { Channel } from '../channel.ts';
import { type FrameSink, frameTypes } from '../codec/frames.ts';
import { type Backlog, backlogBytesMax, type WaitingFrame } from './backlog.ts';
import type { FrameGate } from './frame-gate.ts';

/** What is asked of the connection. */
interface StallHost extends FrameSink {
  /** Holds back what the peer has sent, and what waits in backlogs. */
  readonly gate: FrameGate;
  /** Reads from the peer, or not, as `isFull` says. */
  setReading(): void;
  /** Asks for one call of `StalledChannels.goOn` at the end of this turn. */
  requestFlush(): void;
  /** Whether a frame that was drained has failed, so that the connection ends because of it. */
  readonly hasDrainFailed: boolean;
}

/** A connection's channels that have yet to answer a method, and the frames that wait for that. */
export class StalledChannels {
  /** So much waits that nothing more is to be read. */
  isFull = false;
  readonly #host: StallHost;
  readonly #channels: readonly (Channel | undefined)[];
  /** Those whose wait may be over. */
  readonly #goingOn = new Set<Channel>();
  /** What the frames that wait count together. */
  #sizeBytes = 0;

  /** @param channels the connection's, by number; emptied once it is released */
  constructor(host: StallHost, channels: readonly (Channel | undefined)[]) {
    this.#host = host;
    this.#channels = channels;
  }

  /** A frame of a channel that is stalled. */
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

  #grow(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
    const isFull = this.#sizeBytes > backlogBytesMax;
    if (this.isFull === isFull) return;
    this.isFull = isFull;
    this.#host.setReading();
  }

  /** What a channel waited for may have happened. */
  goOnLater(channel: Channel): void {
    this.#goingOn.add(channel);
    this.#host.requestFlush();
  }

  /**
   * Lets channels go on, as far as they can in this turn.
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
      // The gate asks for another turn once it holds nothing back.
      if (gate.isBusy) this.#goingOn.add(channel);
      else this.#goOn(channel);
    }
    return true;
  }

  #goOn(channel: Channel): void {
    channel.getter.tryAgain();
    if (!channel.getter.isWaiting) this.#replay(channel);
  }

  /** Handles the frames that waited, up to one that stalls the channel again or holds frames back. */
  #replay(channel: Channel): void {
    const { number, backlog } = channel;
    const { gate } = this.#host;
    if (backlog === undefined || this.#channels[number] !== channel) return;
    channel.backlog = undefined;
    while (this.#handleNext(number, backlog)) {
      // By now the channel may be another one, closed and opened again.
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

  /** Handles one frame; returns whether more may follow. */
  #handleNext(number: number, backlog: Backlog): boolean {
    const { sizeBytes } = backlog;
    const frame = backlog.take();
    if (frame === undefined || this.#channels.length === 0) return false;
    this.#grow(backlog.sizeBytes - sizeBytes);
    this.#handle(number, frame);
    return true;
  }

  #handle(number: number, { type, bytes, at, end, isLast }: WaitingFrame): void {
    if (type === frameTypes.method) this.#host.method(number, bytes, at, end);
    else if (type === frameTypes.header) this.#host.header(number, bytes, at, end);
    else this.#host.body(number, bytes, at, end, isLast);
  }

  /**
   * What a peer sent before it left counts, as if it had been handled at once: a frame a step. Only
   * gets have no effect: nobody is there for their answers. The caller holds the peer's other frames
   * back meanwhile.
   */
  *drain(): Generator<void> {
    for (let number = 0; number < this.#channels.length; number++) {
      let channel = this.#channels[number];
      while (channel?.backlog !== undefined) {
        channel.getter.stop();
        yield* this.#drainOne(number, channel);
        channel = this.#channels[number];
      }
    }
  }

  /** Up to a frame that stalls the channel again, or ends the connection. */
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
