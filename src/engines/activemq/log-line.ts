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
 * Reads a line `LEVEL|text`. A name that is not one of a user is left out, because it may be a
 * password.
 */
export function readActiveMqLine(line: string, isUser: (name: string) => boolean): ActiveMqLine {
  const [, name = '', message = line] = /^([A-Z]+)\|(.*)$/s.exec(line) ?? [];
  const level = levels[name] ?? 'info';
  const [, username] = /User name \[([^\]]*)\] or password is invalid/.exec(message) ?? [];
  const [, peerAddress = 'unknown'] = /(?:tcp|ssl):\/\/([\d.:a-fA-F[\]]+)/.exec(message) ?? [];
  const isKnown = username === undefined || isUser(username);
  const text = isKnown ? message : message.replaceAll(username, '(not a user)');
  const refused = username === undefined ? undefined : { username, peerAddress };
  return { level, text: text.slice(0, lengthMax), refused };
}
