// Answers to the frames of a peer, which may have to wait for the log.

import { type WaitingAnswer, WaitingAnswers, type WaitingAnswersHost } from './waiting-answers.ts';

/** Memory that a waiting answer is counted with besides its frame, in bytes. */
const answerBytes = 128;

interface FrameAnswer extends WaitingAnswer {
  readonly frame: Buffer | undefined;
  readonly said: (() => void) | undefined;
}

/** The operations of the connection that are needed here. */
export interface AnswersHost extends WaitingAnswersHost {
  write(frame: Buffer): void;
}

/** Encoded answers, in the order of the frames that they answer. */
export class Answers extends WaitingAnswers<FrameAnswer> {
  readonly #host: AnswersHost;

  constructor(host: AnswersHost) {
    super(host);
    this.#host = host;
  }

  /**
   * Sends a frame after a group is on disk and after all earlier answers.
   *
   * @param group 0 if no group must be on disk
   * @param said called after the frame has been written
   */
  say(group: number, frame: Buffer | undefined, said?: () => void): void {
    if (this.isReady(group)) {
      if (frame !== undefined) this.#host.write(frame);
      said?.();
    } else this.wait({ group, bytes: answerBytes + (frame?.length ?? 0), frame, said });
  }

  protected override send({ frame, said }: FrameAnswer): void {
    if (frame !== undefined) this.#host.write(frame);
    said?.();
  }
}
