// The lines of the logs of nodes.

import type { LogCategory, LogLevel } from '../../control/engine.ts';
import { isOlder } from '../../control/offers/offers.ts';

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
  /** The log that RabbitMQ's category of the line belongs to. */
  readonly category: LogCategory;
  /** The process that wrote it, as RabbitMQ states it: `<0.158.0>`. */
  readonly process: string;
  /** Without time, level, category and process. */
  readonly text: string;
}

/** RabbitMQ's categories with a log of their own. Lines of others, such as `federation`, are in the general one. */
const categories: ReadonlySet<string> = new Set(['connection', 'channel', 'queue', 'mirroring']);

const noProcess = '<0.0.0>';

/** The format of the log lines of nodes whose version {@link hasLogCategories}. */
export const logLineFormat = '$time [$level] $domain $pid $msg';

/** Whether nodes of a version state the categories of lines. 3.8 does not know their format. */
export function hasLogCategories(version: string): boolean {
  return !isOlder(version, '3.10');
}

/** The name of a refused log-in, up to the reason, with which the text ends. */
const refusedName = /((?:login refused|access denied): user ').*?(?=' - [\w ]*$|$)/s;

const form =
  /^\d{4}-\d\d-\d\d [\d:.]+(?:Z|[+-]\d\d:\d\d) \[(\w+)\] (?:(?:(?:\[([\w,]+)\]|<unknown domain>) )?(<[\d.]+>) ?)?(.*)$/;

/**
 * Reads a line as RabbitMQ writes it: time, level, category, process, text. Others have level `info`. The name of a
 * refused log-in is left out, because it may be a password.
 */
export function readLogLine(line: string): NodeLogLine {
  const [, level = '', domain = '', process = noProcess, text = line] = form.exec(line) ?? [];
  const [, category = ''] = domain.split(',');
  return {
    level: levels[level] ?? 'info',
    category: categories.has(category) ? (category as LogCategory) : 'general',
    process,
    text: text.replace(refusedName, '$1(not shown)'),
  };
}
