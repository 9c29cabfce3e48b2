// The lines of ActiveMQ's log.

import type { LogLevel } from '../../control/engine.ts';

/** Longest line that is kept, characters. */
const lengthMax = 4096;

/** A line of the log. */
export interface ActiveMqLine {
  readonly level: LogLevel;
  readonly text: string;
  /** The refused log-in that it states; the name may be anything that the client sent. */
  readonly refused: { readonly username: string; readonly peerAddress: string } | undefined;
}

const levels: Readonly<Record<string, LogLevel>> = { WARN: 'warn', ERROR: 'error', FATAL: 'error' };

/**
 * The entry of a refused log-in that begins with the address of the connection. In others, the client chooses
 * what is before its name, and each refusal has several.
 */
const refusal =
  /^Security Error occurred on connection to: (?:\w+:\/\/)?([\d.:a-fA-F[\]]+), User name \[/;

/** What ActiveMQ writes before and after the name of a refused log-in. */
const before = 'User name [';
const after = '] or password is invalid';

/**
 * Reads the lines of one process. Names of refused log-ins that are not names of users are
 * left out, because they may be passwords. Clients choose them freely, so that they may contain brackets
 * and line ends.
 */
export class ActiveMqLines {
  readonly #isUser: (name: string) => boolean;
  /** Whether the name in the last line goes on in the next one. */
  #isInName = false;

  constructor(isUser: (name: string) => boolean) {
    this.#isUser = isUser;
  }

  /**
   * Reads a line; undefined for the continuation of a name.
   *
   * @param isEntry whether an entry begins with it, as `LEVEL|text`. Another line may be a client's, whatever
   *   it looks like
   */
  read(line: string, isEntry: boolean): ActiveMqLine | undefined {
    if (!isEntry && this.#isInName) return undefined;
    const entry = isEntry ? /^([A-Z]{4,5})\|(.*)$/s.exec(line) : null;
    const [, name, message = line] = entry ?? [];
    const level = levels[name ?? ''] ?? 'info';
    const start = message.indexOf(before);
    this.#isInName = start >= 0 && !message.includes(after, start);
    if (start < 0) return { level, text: message.slice(0, lengthMax), refused: undefined };
    const nameAt = start + before.length;
    const end = this.#isInName ? message.length : message.lastIndexOf(after);
    const username = message.slice(nameAt, end);
    const [, peerAddress] = (isEntry && refusal.exec(message)) || [];
    const refused = peerAddress === undefined ? undefined : { username, peerAddress };
    const isKnown = !this.#isInName && this.#isUser(username);
    const shown = isKnown ? username : '(not a user)';
    const text = `${message.slice(0, nameAt)}${shown}${message.slice(end)}`;
    return { level, text: text.slice(0, lengthMax), refused };
  }
}
