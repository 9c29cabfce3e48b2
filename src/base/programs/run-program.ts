// Runs other programs, with limits.

import { spawn } from 'node:child_process';
import { systemClock } from '../clock.ts';

/** The environment of programs that need none of this process: no variable of it is passed on. */
export const plainEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
} as const;

/** Kept bytes of each output of a program; the rest is dropped. */
const outputBytesMax = 64 * 1024;

/** How a program is run. */
export interface ProgramOptions {
  /** After this time, the program and what it started are killed; milliseconds. */
  readonly timeoutMs: number;
  /** Written to its standard input, which then ends. The caller keeps the buffer. */
  readonly input?: Buffer;
  /** By default {@link plainEnvironment}. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Its working folder; that of this process by default. */
  readonly folder?: string;
  /** Who runs it; undefined for the user of this process. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** What a program did. */
export interface ProgramResult {
  /**
   * The exit code; `missing` if the program could not be started, `killed` if a signal ended it,
   * `timed-out` if it was killed because of its time.
   */
  readonly code: number | 'missing' | 'killed' | 'timed-out';
  /** The first 64 KiB of each output. */
  readonly output: string;
  readonly errors: string;
  /** Resolves when the process is gone. A killed process that waits for a disk stays until then. */
  readonly gone: Promise<void>;
}

/** Runs a program to its end, or to the end of its time. Never rejects. */
export function runProgram(
  file: string,
  args: readonly string[],
  { timeoutMs, input, environment = plainEnvironment, folder, user }: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    // A group of its own, so that what it starts is killed too.
    const child = spawn(file, args, {
      env: { ...environment },
      detached: true,
      stdio: 'pipe',
      ...(folder !== undefined && { cwd: folder }),
      ...user,
    });
    const output = keptText(child.stdout);
    const errors = keptText(child.stderr);
    const gone = new Promise<void>((ended) => {
      child.once('close', () => ended());
      child.once('error', () => ended());
    });
    const end = (code: ProgramResult['code']) => {
      timer.clear();
      resolve({ code, output: output(), errors: errors(), gone });
    };
    const timer = systemClock.setTimeout(() => {
      if (child.pid !== undefined) killGroup(child.pid);
      end('timed-out');
    }, timeoutMs);
    child.once('error', () => end('missing'));
    child.once('close', (code) => end(code ?? 'killed'));
    child.stdin.on('error', () => {}); // it ended without reading its input
    child.stdin.end(input);
  });
}

/** Kills a group of processes, if it still exists. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Collects the start of an output. Returns a function that returns it as text. */
export function keptText(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size >= outputBytesMax) return;
    chunks.push(chunk.subarray(0, outputBytesMax - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8').trim();
}

/** Calls back with each line of an output, cut to this many characters. */
export function readLines(
  stream: NodeJS.ReadableStream,
  lengthMax: number,
  line: (text: string) => void,
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, lengthMax);
    for (const each of lines) line(each.slice(0, lengthMax));
  });
}
