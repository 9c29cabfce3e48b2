import type { Background } from '../../../broker/turns/background.ts';
import type { FrameReader } from '../codec/frames.ts';

/**
 * Units of work, of about a microsecond each, that the frames of a connection may take in one turn of
 * the event loop. Publishes to few queues and single acks count nothing: what is read at once bounds
 * them.
 */
export const unitsPerTurnMax = 4096;

/** Units that any other method counts: a client can send thousands in what is read at once. */
export const methodUnits = 32;

/**
 * Steps that publishes of a connection may take in one turn: words and headers compared, and queues
 * that messages go to, of which each is some steps.
 */
export const publishStepsPerTurnMax = 10_000;

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

  /** Whether frames would be held back without the one that asks, which holds them back itself. */
  get isBusyOtherwise(): boolean {
    return this.#heldByCount > 1;
  }

  /**
   * Does something; the peer's next frame is handed on once it is done.
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

  /** Another turn of the event loop handles frames of the peer. */
  beginTurn(): void {
    this.#unitsLeft = unitsPerTurnMax;
    this.#publishStepsLeft = publishStepsPerTurnMax;
  }

  /** Counts units of work. After as many as a turn may have, the peer's next frame waits for another. */
  count(units: number): void {
    const before = this.#unitsLeft;
    this.#unitsLeft = before - units;
    if (before > 0 && before <= units) this.#waitForTurn();
  }

  /** The same for the steps that a publish took. */
  countPublishSteps(stepCount: number): void {
    const before = this.#publishStepsLeft;
    this.#publishStepsLeft = before - stepCount;
    if (before > 0 && before <= stepCount) this.#waitForTurn();
  }

  #waitForTurn(): void {
    this.#heldByCount++;
    this.#background.runLater([], this.#turnBegan);
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
    if (this.isBusy || !this.#frames.isSuspended) return;
    this.#connection.receive(this.#frames.resume());
    this.#connection.setReading();
    this.#connection.requestFlush();
    if (this.#isEnded && !this.isBusy) this.#connection.ended();
  }
}
