// The large answers that are being sent. Each stays in memory until its client has read it.

import type { Answer } from './answers.ts';
import { ManagementError } from './errors.ts';
import { largeAnswerCountMax, largeAnswersPerUserMax } from './limits.ts';

/** Counts large answers until they have been sent, in total and by user. */
export class LargeAnswers {
  readonly #countByUser = new Map<string, number>();
  #count = 0;

  /**
   * Checks that another answer may be prepared for a user.
   *
   * @throws {ManagementError} `busy`
   */
  requireRoom(user: string): void {
    const own = this.#countByUser.get(user) ?? 0;
    if (this.#count < largeAnswerCountMax && own < largeAnswersPerUserMax) return;
    throw new ManagementError('busy', 'too many large answers are being sent; try again later');
  }

  /** Counts an answer until its stream has ended or was given up. Others are not counted. */
  counted(user: string, answer: Answer): Answer {
    if (!('stream' in answer)) return answer;
    this.#add(user, 1);
    let isOpen = true;
    const end = () => {
      if (isOpen) this.#add(user, -1);
      isOpen = false;
    };
    const { stream } = answer;
    return { ...answer, stream: { [Symbol.asyncIterator]: () => untilEnd(stream, end) } };
  }

  #add(user: string, change: number): void {
    this.#count += change;
    const own = (this.#countByUser.get(user) ?? 0) + change;
    if (own === 0) this.#countByUser.delete(user);
    else this.#countByUser.set(user, own);
  }
}

/** No generator: `return` of one that has not begun would not call `end`. */
function untilEnd(stream: AsyncIterable<Uint8Array>, end: () => void): AsyncIterator<Uint8Array> {
  const inner = stream[Symbol.asyncIterator]();
  return {
    next: async () => {
      try {
        const result = await inner.next();
        if (result.done === true) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    return: async () => {
      end();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
}
