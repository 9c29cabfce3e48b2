import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

/** How much is told; each level includes those before it. */
export const logLevels = ['silent', 'error', 'warn', 'info'] as const;
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Where this process tells what happens: one JSON object a line. Nothing secret may be in it. */
export type ServiceLog = Pick<Logger, 'error' | 'warn' | 'info'>;

/** A log on the standard error. */
export function openServiceLog(level: LogLevel): ServiceLog {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  const out = destination({ fd: 2, sync: true });
  // A log that cannot be written, on a full disk for one, is no reason to end what is told of.
  out.on('error', () => {});
  return pino(options, out);
}
