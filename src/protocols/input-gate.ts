// Holds back the input of a connection, for all protocols.

import { type Background, unitSteps } from '../broker/turns/background.ts';

/**
 * Maximum units of work of about a microsecond that one received piece of a connection's input may
 * take.
 */
export const unitsPerTurnMax = 4096;

/**
 * The same for all received pieces together. The system passes on many pieces in one turn if a peer has
 * sent much.
 */
const unitsOfPiecesMax = 4 * unitsPerTurnMax;

/**
 * Milliseconds after which the input of a connection continues in another turn, even if units are left:
 * code that runs for the first time, or a slow machine, takes much longer for a unit.
 */
const inputMsMax = 5;

/** Units between checks of the clock. */
const timedUnits = 64;

/** The units of a piece itself, which may have one byte: a message of a WebSocket. */
const unitsOfPiece = 8;

/**
 * The units that the continued input of a connection takes from the background work of a turn, so
 * that the input of many connections continues in several turns.
 */
const continuedUnits = unitsPerTurnMax / 8;

/** The decoder of received data. */
export interface HeldInput {
  readonly isSuspended: boolean;
  /** Stops passing on frames after the current one, until `resume`. Received data is kept. */
  suspend(): void;
  /** Continues. Returns the kept data, which must be received again. */
  resume(): Buffer;
}

/** The connection that receives the frames. */
export interface GatedConnection {
  receive(bytes: Buffer): void;
  /** Starts or stops reading from the peer. */
  setReading(): void;
  requestFlush(): void;
  /** The peer is gone. */
  ended(): void;
}

/** Holds back input of a peer while an operation must finish first. */
export class InputGate {
  readonly #input: HeldInput;
  readonly #background: Background;
  readonly #connection: GatedConnection;
  /** Number of operations that must finish. */
  #heldByCount = 0;
  #unitsLeft = unitsPerTurnMax;
  /** The turn of the last piece, and the units that its pieces have left. */
  #turn = -1;
  #piecesLeft = unitsOfPiecesMax;
  /** The units that the present piece had at first. */
  #pieceUnits = unitsPerTurnMax;
  /** Units since the last check of the clock. */
  #untimedUnits = 0;
  /** The first check of the clock in this turn; -1 if there was none. */
  #sinceMs = -1;
  #isEnded = false;
  readonly #turnBegan = (): void => {
    this.#piecesLeft = unitsOfPiecesMax;
    this.#pieceUnits = unitsPerTurnMax;
    this.#unitsLeft = unitsPerTurnMax;
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

  /** Runs an operation. The next frame is handled after it is done. */
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

  /** One operation is done. */
  release(): void {
    this.#heldByCount--;
    if (this.isBusy || !this.#input.isSuspended) return;
    this.#connection.receive(this.#input.resume());
    this.#connection.setReading();
    this.#connection.requestFlush();
    if (this.#isEnded && !this.isBusy) this.#connection.ended();
  }

  /** A piece of input is handled. */
  beginPiece(): void {
    const { turn } = this.#background;
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#piecesLeft = unitsOfPiecesMax;
      this.#sinceMs = -1;
    } else this.#piecesLeft -= this.#pieceUnits - this.#unitsLeft;
    this.#pieceUnits = Math.min(unitsPerTurnMax, this.#piecesLeft);
    this.#unitsLeft = this.#pieceUnits - unitsOfPiece;
    this.#untimedUnits += unitsOfPiece;
    if (this.isBusy) return;
    if (this.#unitsLeft <= 0) this.#waitForTurn();
    else if (this.#untimedUnits >= timedUnits) this.#lookAtClock();
  }

  /**
   * Counts units of work. When the limit of a turn is reached, or its time is over, the next frame is
   * handled in another turn.
   */
  count(units: number): void {
    const before = this.#unitsLeft;
    this.#unitsLeft = before - units;
    if (before > 0 && before <= units) {
      this.#waitForTurn();
      return;
    }
    this.#untimedUnits += units;
    if (this.#untimedUnits >= timedUnits) this.#lookAtClock();
  }

  #lookAtClock(): void {
    this.#untimedUnits = 0;
    const nowMs = this.#background.monotonicMs();
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    if (nowMs - this.#sinceMs <= inputMsMax || this.#unitsLeft <= 0) return;
    this.#unitsLeft = 0;
    this.#waitForTurn();
  }

  #waitForTurn(): void {
    this.#heldByCount++;
    this.#background.runLater(unitSteps(continuedUnits), this.#turnBegan);
    this.#hold();
  }

  /**
   * The peer has disconnected. Data that it sent before is still handled; the connection is then
   * notified of the end again.
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
