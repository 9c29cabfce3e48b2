/** Levels of lines in a broker's log. */
export type LineLevel = 'info' | 'warn' | 'error';

/** One line of a broker's log. It holds no message body, password or key. */
export interface LogLine {
  readonly brokerId: string;
  readonly level: LineLevel;
  readonly text: string;
  /** Wall milliseconds. */
  readonly atMs: number;
}

/** Characters of a line's text; what is longer is cut, and says so. */
const textLengthMax = 8192;

/** A line as the timeline keeps it. */
export function encodeLine({ brokerId, level, text }: LogLine): Buffer {
  return Buffer.from(JSON.stringify([brokerId, level, fitted(text)]));
}

/** Reads a line back. */
export function decodeLine(atMs: number, bytes: Buffer): LogLine {
  // Written by encodeLine() above and sealed since: what opens is what was written.
  const [brokerId, level, text] = JSON.parse(bytes.toString('utf8')) as [string, LineLevel, string];
  return { brokerId, level, text, atMs };
}

function fitted(text: string): string {
  if (text.length <= textLengthMax) return text;
  return `${text.slice(0, textLengthMax)}… (${text.length} characters)`;
}
