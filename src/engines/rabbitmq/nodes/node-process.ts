// The process of a node.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';

/** Maximum length of a line of the log; the rest is cut off. Characters. */
const lineLengthMax = 8192;

/**
 * The shell becomes the program, without core dumps, which would contain messages. A watcher kills its
 * process group when the other end of the standard input is closed: the kernel closes it when this process
 * ends, however it ends. A signal at the death of the parent (prctl) would reach the script of a node only,
 * not its virtual machine.
 */
const script = `
ulimit -c 0
exec 4<&0 < /dev/null
(read -r line <&4; kill -9 0) > /dev/null 2>&1 &
exec 4<&-
exec "$0" "$@"
`;

/** A program to run for a node, and as whom. */
export interface NodeProgram {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
}

/** Events of a process. */
export interface NodeProcessEvents {
  /** A line of its output. */
  line(text: string): void;
  /** It has ended, expectedly or not; `exit code 1`, `signal SIGKILL`. */
  ended(detail: string): void;
}

/**
 * A process of a node, in a session of its own, so that Ctrl-C in a terminal does not reach it. It is killed
 * if this process ends (decision 0132).
 */
export class NodeProcess {
  readonly #child: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<string>;

  constructor({ file, args, folder, environment, user }: NodeProgram, events: NodeProcessEvents) {
    const child = spawn('/bin/sh', ['-c', script, file, ...args], {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: 'pipe',
      ...user,
    });
    this.#child = child;
    child.stdin.on('error', () => {}); // it has ended
    readLines(child.stdout, events.line);
    readLines(child.stderr, events.line);
    this.ended = new Promise((resolve) => {
      const end = (detail: string) => {
        resolve(detail);
        events.ended(detail);
      };
      child.once('error', (error) => end(`no process: ${error.message}`));
      // Not `close`: a process that it started may keep the pipes open.
      child.once('exit', (code, signal) =>
        end(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the process to end: it closes its connections and files first. */
  stop(): void {
    this.#child.kill('SIGTERM');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Calls back with each line, without its end. */
function readLines(stream: Readable, line: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('error', () => {}); // the end of the process is an event of its own
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, lineLengthMax);
    for (const each of lines) if (each !== '') line(each.slice(0, lineLengthMax));
  });
}
