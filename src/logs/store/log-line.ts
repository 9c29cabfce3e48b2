// A line of a broker log, and the names of logs.

/** The levels of log lines. */
export type LineLevel = 'info' | 'warn' | 'error';

/** The levels in the order of their numbers in records. */
export const lineLevels: readonly LineLevel[] = ['info', 'warn', 'error'];

/** The logs of a broker; each is a log group. */
export const logCategories = [
  'general',
  'audit',
  'connection',
  'channel',
  'queue',
  'mirroring',
] as const;

/** One of {@link logCategories}. */
export type LogCategory = (typeof logCategories)[number];

/** What streams contain: lines of a log, or samples of metrics. */
export type StreamCategory = LogCategory | 'metrics';

/** All of {@link StreamCategory}. */
export const streamCategories: readonly StreamCategory[] = [...logCategories, 'metrics'];

/** The name of a log stream, or of a stream of samples. */
export interface StreamName {
  readonly brokerId: string;
  readonly category: StreamCategory;
  /** The name of the stream in its group. */
  readonly stream: string;
}

/** A line of a broker log. It contains no message body, password or key. */
export interface LogLine extends StreamName {
  readonly level: LineLevel;
  readonly text: string;
  /** Milliseconds since 1970; never less than that of the line before it in its stream. */
  readonly atMs: number;
  /** The number of the line in its stream, from 0, without gaps. */
  readonly sequence: number;
}

/** Maximum number of characters of a line. Longer lines are shortened and marked. */
const textLengthMax = 8192;

/** Shortens a text to the maximum length of a line. */
export function shortened(text: string): string {
  if (text.length <= textLengthMax) return text;
  return `${text.slice(0, textLengthMax)}… (${text.length} characters)`;
}

/** The key of a stream in maps. */
export function streamKey({ brokerId, category, stream }: StreamName): string {
  return `${brokerId}/${category}/${stream}`;
}
