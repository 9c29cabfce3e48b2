// Limits on the work for one connection per turn.

import { type Background, unitSteps } from '../../../broker/turns/background.ts';
import type { FrameReader } from '../codec/frames.ts';

/**
 * Units of work, of about a microsecond each, that the frames of a connection may take in one turn
 * of the event loop. Publishes to few queues and single acks do not count, because the size of a
 * read bounds them.
 */
export const unitsPerTurnMax = 4096;

/** See `InputGate`. */
const continuedUnits = unitsPerTurnMax / 8;

/** Units for any other method. A client can send thousands in one read. */
export const methodUnits = 32;

/**
 * Maximum number of steps for the publishes of a connection in one turn: compared words and
 * headers, and queues, which count as several steps each.
 */
export const publishStepsPerTurnMax = 10_000;

/** The connection whose frames are held back. */
export interface GatedConnection {
  receive(bytes: Buffer): void;
  /** Starts or stops reading, depending on the gate and other conditions. */
  setReading(): void;
  /** Requests the end of the turn, at which stalled channels continue. */
  requestFlush(): void;
  /** The peer has disconnected. */
  ended(): void;
}

/** Holds back the frames of a peer while earlier work must be completed. */
export class FrameGate {
  readonly #frames: FrameReader;
  readonly #background: Background;
  readonly #connection: GatedConnection;
  /** The number of unfinished tasks. */
  #heldByCount = 0;
  #unitsLeft = unitsPerTurnMax;
  #publishStepsLeft = publishStepsPerTurnMax;
  #isEnded = false;
  readonly #turnBegan = (): void => {
    this.beginTurn();
    this.#heldByCount--;
    this.#goOn();
  };

  constructor(frames: FrameReader, background: Background, connection: GatedConnection) {
    this.#frames = frames;
    this.#background = background;
    this.#connection = connection;
  }

  /** Whether frames are held back. */
  get isBusy(): boolean {
    return this.#heldByCount > 0;
  }

  /** Whether frames are held back for another reason than the caller's own. */
  get isBusyOtherwise(): boolean {
    return this.#heldByCount > 1;
  }

  /**
   * Performs a task. The peer's next frame is passed on after it is complete.
   *
   * @param done called before that
   */
  finishFirst(steps: Iterable<void>, done: () => void = () => {}): void {
    this.#heldByCount++;
    this.#background.run(steps, () => {
      this.#heldByCount--;
      done();
      this.#goOn();
    });
    if (this.isBusy) this.#hold();
  }

  /** A new turn of the event loop begins. */
  beginTurn(): void {
    this.#unitsLeft = unitsPerTurnMax;
    this.#publishStepsLeft = publishStepsPerTurnMax;
  }

  /**
   * Counts units of work. When the limit of a turn is reached, the next frame waits for another
   * turn.
   */
  count(units: number): void {
    const before = this.#unitsLeft;
    this.#unitsLeft = before - units;
    if (before > 0 && before <= units) this.#waitForTurn();
  }

  /** Counts the steps of a publish. */
  countPublishSteps(stepCount: number): void {
    const before = this.#publishStepsLeft;
    this.#publishStepsLeft = before - stepCount;
    if (before > 0 && before <= stepCount) this.#waitForTurn();
  }

  #waitForTurn(): void {
    this.#heldByCount++;
    this.#background.runLater(unitSteps(continuedUnits), this.#turnBegan);
    this.#hold();
  }

  /**
   * The peer has disconnected. Earlier frames are still handled, and the connection is notified
   * again after the last one.
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
    if (this.isBusy || !this.#frames.isSuspended) return;
    this.#connection.receive(this.#frames.resume());
    this.#connection.setReading();
    this.#connection.requestFlush();
    if (this.#isEnded && !this.isBusy) this.#connection.ended();
  }
}
