// Answers that may have to wait for the log.

import { type WaitingAnswer, WaitingAnswers } from '../waiting-answers.ts';

/** Memory that a waiting answer is counted with, in bytes. */
const answerBytes = 1024;

interface LinkAnswer extends WaitingAnswer {
  readonly act: () => void;
}

/** Answers about links and sessions, in the order of the frames that they answer. */
export class Answers extends WaitingAnswers<LinkAnswer> {
  /**
   * Sends an answer after a group is on disk and after all earlier answers.
   *
   * @param group 0 if no group must be on disk
   * @param act writes the answer
   * @param sizeBytes the size of what it holds
   */
  say(group: number, act: () => void, sizeBytes = 0): void {
    if (this.isReady(group)) act();
    else this.wait({ group, act, bytes: answerBytes + sizeBytes });
  }

  protected override send({ act }: LinkAnswer): void {
    act();
  }
}
