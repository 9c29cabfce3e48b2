// Whether a broker process answers.

/** Times without an answer, in milliseconds of {@link AnswerWatch.passed}. */
export interface AnswerLimits {
  /** The interval of questions. */
  readonly askMs: number;
  /** After this time without an answer, a process counts as one that does not answer. */
  readonly noticeMs: number;
  /** After this time without an answer, a process is killed. */
  readonly killMs: number;
}

/**
 * A broker takes turns of milliseconds, but one stall of a disk may block it (decision 0030).
 */
export const answerLimits: AnswerLimits = { askMs: 5000, noticeMs: 15_000, killMs: 60_000 };

/** What is due: a question, a report, or the end of the process. */
export type AnswerStep = 'ask' | 'notice' | 'kill';

/** Counts for how long a process has not answered. At most one question is open. */
export class AnswerWatch {
  readonly #limits: AnswerLimits;
  #isAsked = false;
  /** Since the last answer; after a question, since the last message. */
  #countedMs: number;
  #isSilent = false;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
    this.#countedMs = limits.askMs;
  }

  /** Whether the process counts as one that does not answer. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** For how long there was no message, milliseconds; 0 if none is expected. */
  get silentMs(): number {
    return this.#isAsked ? this.#countedMs : 0;
  }

  /**
   * A message has arrived.
   *
   * @param isAnswer whether it answers the question
   * @returns whether the process was silent until now
   */
  heard(isAnswer: boolean): boolean {
    const wasSilent = this.#isSilent;
    this.#isSilent = false;
    if (isAnswer) this.#isAsked = false;
    if (isAnswer || this.#isAsked) this.#countedMs = 0;
    return wasSilent;
  }

  /** Counts time. @returns what is due; `kill` again and again until the process ends */
  passed(ms: number): AnswerStep | undefined {
    const { askMs, noticeMs, killMs } = this.#limits;
    this.#countedMs += ms;
    if (!this.#isAsked) {
      if (this.#countedMs < askMs) return undefined;
      this.#isAsked = true;
      this.#countedMs = 0;
      return 'ask';
    }
    if (this.#countedMs >= killMs && this.#isSilent) return 'kill';
    if (this.#countedMs < noticeMs || this.#isSilent) return undefined;
    this.#isSilent = true;
    return 'notice';
  }
}
