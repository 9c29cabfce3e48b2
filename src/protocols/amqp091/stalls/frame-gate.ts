import type { Background } from '../../../broker/flow/background.ts';
import type { FrameReader } from '../codec/frames.ts';

/** The connection that frames come in on. */
export interface GatedConnection {
  receive(bytes: Buffer): void;
  /** Reads from the peer, or not, as the gate and all else has it. */
  setReading(): void;
}

/** Holds the frames of a peer back while something must be finished before them. */
export class FrameGate {
  /** Whether frames are held back. */
  isBusy = false;
  readonly #frames: FrameReader;
  readonly #background: Background;
  readonly #connection: GatedConnection;

  constructor(frames: FrameReader, background: Background, connection: GatedConnection) {
    this.#frames = frames;
    this.#background = background;
    this.#connection = connection;
  }

  /** Does something; the peer's next frame is handed on once it is done. */
  finishFirst(steps: Iterable<void>): void {
    this.isBusy = true;
    this.#background.run(steps, () => {
      this.isBusy = false;
      if (!this.#frames.isSuspended) return;
      this.#connection.setReading();
      this.#connection.receive(this.#frames.resume());
    });
    if (!this.isBusy) return;
    this.#frames.suspend();
    this.#connection.setReading();
  }
}
