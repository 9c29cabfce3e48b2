import type { Background } from '../../../broker/turns/background.ts';
import type { FrameReader } from '../codec/frames.ts';

/**
 * Methods of a connection, other than publishes and single acks, that are handled in one turn of the
 * event loop. Some tens of microseconds each, and a client can send thousands in what is read at once.
 */
export const methodsPerTurnMax = 128;

/** Deliveries settled by one method below which they do not count as work. */
const settledCountMin = 64;

/** The connection that frames come in on. */
export interface GatedConnection {
  receive(bytes: Buffer): void;
  /** Reads from the peer, or not, as the gate and all else has it. */
  setReading(): void;
  /** Asks for the end of the turn, where channels that are stalled go on. */
  requestFlush(): void;
  /** The peer is gone. */
  ended(): void;
}

/** Holds the frames of a peer back while something must be finished before them. */
export class FrameGate {
  readonly #frames: FrameReader;
  readonly #background: Background;
  readonly #connection: GatedConnection;
  /** What is to be finished. */
  #heldByCount = 0;
  #methodsLeft = methodsPerTurnMax;
  #isEnded = false;
  readonly #finished = (): void => this.#goOn();

  constructor(frames: FrameReader, background: Background, connection: GatedConnection) {
    this.#frames = frames;
    this.#background = background;
    this.#connection = connection;
  }

  /** Whether frames are held back. */
  get isBusy(): boolean {
    return this.#heldByCount > 0;
  }

  /**
   * Does something; the peer's next frame is handed on once it is done.
   *
   * @param done called once the steps are over, before any other frame
   */
  finishFirst(steps: Iterable<void>, done?: () => void): void {
    this.#heldByCount++;
    this.#background.run(steps, () => {
      done?.();
      this.#goOn();
    });
    if (this.isBusy) this.#hold();
  }

  /** Another turn of the event loop handles frames of the peer. */
  beginTurn(): void {
    this.#methodsLeft = methodsPerTurnMax;
  }

  /** Counts a method. After as many as a turn may have, the peer's next frame waits for another turn. */
  countMethod(): void {
    if (--this.#methodsLeft === 0) this.#waitForTurn();
  }

  /** Counts deliveries that were settled at once: where a turn had its part, the next frame waits, too. */
  countSettled(count: number): void {
    if (count < settledCountMin) return;
    this.#background.spend(count);
    if (this.#background.left <= 0 && !this.isBusy) this.#waitForTurn();
  }

  #waitForTurn(): void {
    this.#heldByCount++;
    this.#background.runLater([], this.#finished);
    this.#hold();
  }

  /**
   * The peer has disconnected. The frames that it sent before are still handled; the connection is told
   * of the end again after the last of them.
   *
   * @returns whether anything is held back
   */
  endsLater(): boolean {
    this.#isEnded = this.isBusy;
    return this.#isEnded;
  }

  #hold(): void {
    this.#frames.suspend();
    this.#connection.setReading();
  }

  #goOn(): void {
    this.#heldByCount--;
    if (this.isBusy || !this.#frames.isSuspended) return;
    this.#connection.receive(this.#frames.resume());
    this.#connection.setReading();
    this.#connection.requestFlush();
    if (this.#isEnded && !this.isBusy) this.#connection.ended();
  }
}
