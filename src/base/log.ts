// The log of the process.

import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import type { DestinationStream, Logger } from 'pino';
import type { PrettyOptions } from 'pino-pretty';

/** The log levels. Each level includes the previous ones. */
export const logLevels = ['silent', 'error', 'warn', 'info'] as const;
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Logs a line, with fields and a text. */
type Tell = (about: object, text: string) => void;

/** The log of this process. It must not contain secrets. */
export type ServiceLog = Readonly<Record<Exclude<LogLevel, 'silent'>, Tell>>;

/** Milliseconds after which the start is considered complete. */
const loadAfterMs = 1000;

/**
 * Opens a log on standard error: readable lines on a terminal, otherwise one JSON object per line.
 *
 * The logging library is loaded with the first line, or after the start. Loading it takes a tenth
 * of the start, and a start usually logs nothing.
 */
export function openServiceLog(level: LogLevel): ServiceLog {
  let opened: Logger | undefined;
  const log = () => {
    opened ??= openPino(level);
    return opened;
  };
  setTimeout(log, loadAfterMs).unref();
  return {
    error: (about, text) => log().error(about, text),
    warn: (about, text) => log().warn(about, text),
    info: (about, text) => log().info(about, text),
  };
}

function openPino(level: LogLevel): Logger {
  const load = createRequire(import.meta.url);
  const { destination, pino, stdTimeFunctions } = load('pino') as typeof import('pino');
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  const out = isatty(2) ? openTerminal(load) : destination({ fd: 2, sync: true });
  // The service continues if the log cannot be written, for example because the disk is full.
  out.on('error', () => {});
  return pino(options, out);
}

function openTerminal(load: NodeJS.Require) {
  const pretty = load('pino-pretty') as (options: PrettyOptions) => DestinationStream & {
    on(event: 'error', listener: () => void): unknown;
  };
  const colorize = process.env['NO_COLOR'] === undefined;
  return pretty({ destination: 2, sync: true, colorize, translateTime: 'SYS:HH:MM:ss' });
}
