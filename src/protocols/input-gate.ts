import type { Background } from '../broker/turns/background.ts';

/**
 * Units of work, of about a microsecond each, that what a connection sends may take in one turn of
 * the event loop.
 */
export const unitsPerTurnMax = 4096;

/** What cuts the received bytes into frames. */
export interface HeldInput {
  readonly isSuspended: boolean;
  /** The frame that is being handed on is the last one until `resume`; what comes is kept. */
  suspend(): void;
  /** Goes on: returns what was kept, to be received again. */
  resume(): Buffer;
}

/** The connection that frames come in on. */
export interface GatedConnection {
  receive(bytes: Buffer): void;
  /** Reads from the peer, or not, as the gate and all else has it. */
  setReading(): void;
  requestFlush(): void;
  /** The peer is gone. */
  ended(): void;
}

/** Holds back what a peer has sent while something must be finished before it. */
export class InputGate {
  readonly #input: HeldInput;
  readonly #background: Background;
  readonly #connection: GatedConnection;
  /** What is to be finished. */
  #heldByCount = 0;
  #unitsLeft = unitsPerTurnMax;
  #isEnded = false;
  readonly #turnBegan = (): void => {
    this.beginTurn();
    this.release();
  };

  constructor(input: HeldInput, background: Background, connection: GatedConnection) {
    this.#input = input;
    this.#background = background;
    this.#connection = connection;
  }

  /** Whether frames are held back. */
  get isBusy(): boolean {
    return this.#heldByCount > 0;
  }

  /** Does something; the peer's next frame is handed on once it is done. */
  finishFirst(steps: Iterable<void>, done: () => void = () => {}): void {
    this.#heldByCount++;
    this.#background.run(steps, () => {
      done();
      this.release();
    });
    if (this.isBusy) this.#hold();
  }

  /** Holds frames back until {@link release}. */
  hold(): void {
    this.#heldByCount++;
    this.#hold();
  }

  /** What was to be finished first is done. */
  release(): void {
    this.#heldByCount--;
    if (this.isBusy || !this.#input.isSuspended) return;
    this.#connection.receive(this.#input.resume());
    this.#connection.setReading();
    this.#connection.requestFlush();
    if (this.#isEnded && !this.isBusy) this.#connection.ended();
  }

  /** Another turn of the event loop handles frames of the peer. */
  beginTurn(): void {
    this.#unitsLeft = unitsPerTurnMax;
  }

  /** Counts units of work. After as many as a turn may have, the peer's next frame waits for another. */
  count(units: number): void {
    const before = this.#unitsLeft;
    this.#unitsLeft = before - units;
    if (before <= 0 || before > units) return;
    this.#heldByCount++;
    this.#background.runLater([], this.#turnBegan);
    this.#hold();
  }

  /**
   * The peer has disconnected. What it sent before is still handled; the connection is told of the end
   * again after the last of it.
   *
   * @returns whether anything is held back
   */
  endsLater(): boolean {
    this.#isEnded = this.isBusy;
    return this.#isEnded;
  }

  #hold(): void {
    this.#input.suspend();
    this.#connection.setReading();
  }
}
