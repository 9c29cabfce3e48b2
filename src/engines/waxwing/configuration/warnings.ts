// The warnings about a configuration.

import type { Warn } from './elements.ts';

/** Maximum number of warnings that are told, among them the one about how many are not. */
export const warningCountMax = 20;

/** Maximum number of warnings that are compared with each other. Further ones are counted. */
const keptCountMax = 1000;

/**
 * What a warning is about, the most important first: permissions, what becomes of messages, and settings
 * without an effect.
 */
const subjects = ['permissions', 'messages', 'settings'] as const;

/** What a warning is about. */
export type WarningSubject = (typeof subjects)[number];

/** Collects warnings, each once, and tells the most important ones. */
export class Warnings {
  readonly #texts = new Map<string, WarningSubject>();
  #otherCount = 0;

  /** Returns a function that receives the warnings about a subject. */
  about(subject: WarningSubject): Warn {
    return (text) => {
      if (this.#texts.has(text)) return;
      // What is more important than the rest must not be lost, however many others there are.
      if (this.#texts.size < keptCountMax || subject !== 'settings') this.#texts.set(text, subject);
      else this.#otherCount++;
    };
  }

  /**
   * Returns the warnings by subject, the most important first, and otherwise in the order of the
   * document. If there are more than {@link warningCountMax}, the last one counts the rest.
   */
  told(): readonly string[] {
    const all = subjects.flatMap((subject) =>
      [...this.#texts].filter((each) => each[1] === subject).map(([text]) => text),
    );
    const count = all.length + this.#otherCount;
    if (count <= warningCountMax) return all;
    const first = all.slice(0, warningCountMax - 1);
    return [...first, `${count - first.length} more settings have no effect or are limited`];
  }
}
