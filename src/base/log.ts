import { createRequire } from 'node:module';
import type { Logger } from 'pino';

/** How much is told; each level includes those before it. */
export const logLevels = ['silent', 'error', 'warn', 'info'] as const;
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Tells one thing: what it is about, in fields, and a text. */
type Tell = (about: object, text: string) => void;

/** Where this process tells what happens: one JSON object a line. Nothing secret may be in it. */
export type ServiceLog = Readonly<Record<Exclude<LogLevel, 'silent'>, Tell>>;

/** Milliseconds after which the start is over. */
const loadAfterMs = 1000;

/**
 * A log on the standard error.
 *
 * What writes it is loaded with the first line, at once so that none is lost, or when the start is
 * over: it takes a tenth of a start, in which there is usually nothing to tell.
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
  const out = destination({ fd: 2, sync: true });
  // A log that cannot be written, on a full disk for one, is no reason to end what is told of.
  out.on('error', () => {});
  return pino(options, out);
}
