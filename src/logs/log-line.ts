// A line of a broker log and its encoding.

/** The levels of log lines. */
export type LineLevel = 'info' | 'warn' | 'error';

/** A line of a broker log. It contains no message body, password or key. */
export interface LogLine {
  readonly brokerId: string;
  readonly level: LineLevel;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Maximum number of characters of a line. Longer lines are shortened and marked. */
const textLengthMax = 8192;

/** Encodes a line for the timeline. */
export function encodeLine({ brokerId, level, text }: LogLine): Buffer {
  return Buffer.from(JSON.stringify([brokerId, level, truncate(text)]));
}

/** Decodes a line. */
export function decodeLine(atMs: number, bytes: Buffer): LogLine {
  // The line was written by encodeLine() and has been sealed since.
  const [brokerId, level, text] = JSON.parse(bytes.toString('utf8')) as [string, LineLevel, string];
  return { brokerId, level, text, atMs };
}

function truncate(text: string): string {
  if (text.length <= textLengthMax) return text;
  return `${text.slice(0, textLengthMax)}… (${text.length} characters)`;
}
