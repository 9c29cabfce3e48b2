// The lines of the logs of nodes.

import type { LogLevel } from '../../control/engine.ts';

const levels: Readonly<Record<string, LogLevel>> = {
  debug: 'info',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  alert: 'error',
  emergency: 'error',
};

/** A line of the log of a node. */
export interface NodeLogLine {
  readonly level: LogLevel;
  /** Without time and level. */
  readonly text: string;
}

/** The name of a refused log-in, up to the reason, with which the text ends. */
const refusedName = /((?:login refused|access denied): user ').*?(?=' - [\w ]*$|$)/s;

/**
 * Reads a line as RabbitMQ writes it: time, level, process, text. Others have level `info`. The name of a
 * refused log-in is left out, because it may be a password.
 */
export function readLogLine(line: string): NodeLogLine {
  const [, level = '', text = line] =
    /^\d{4}-\d\d-\d\d [\d:.]+(?:Z|[+-]\d\d:\d\d) \[(\w+)\] (?:<[\d.]+> ?)?(.*)$/.exec(line) ?? [];
  return { level: levels[level] ?? 'info', text: text.replace(refusedName, '$1(not shown)') };
}
