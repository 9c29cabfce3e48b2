// One process of ActiveMQ.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../base/clock.ts';
import { plainEnvironment, readLines } from '../../base/programs/run-program.ts';
import type { PairInstallation } from './installation.ts';
import { openPorts } from './open-ports.ts';

/** How an instance is run. */
export interface InstanceSettings {
  /** 1 or 2. */
  readonly number: number;
  readonly installation: PairInstallation;
  readonly heapMib: number;
  /** The folders on the mounted volume, absolute. */
  readonly paths: { readonly conf: string; readonly temporary: string; readonly data: string };
  /** Where the active instance accepts connections. ActiveMQ opens them one after the other. */
  readonly ports: readonly number[];
}

/** Events of an instance. */
export interface InstanceEvents {
  line(text: string): void;
  /** The process has ended; `exit code 1`, `signal SIGKILL`. */
  ended(detail: string): void;
}

/** Time for a clean end, milliseconds. */
const stopMs = 15_000;
/** Maximum length of a line of the log, characters. */
const lineLengthMax = 8192;

// The shell becomes the program. Core dumps would contain messages.
const script = 'ulimit -c 0; exec "$0" "$@"';

/**
 * A Java machine with one broker, which waits for the lock of the store or is active. It is killed if
 * this process ends, and has no secret in its arguments and environment: those are in files on the
 * encrypted volume.
 */
export class Instance {
  readonly settings: InstanceSettings;
  readonly #child: ChildProcess;
  #isOver = false;
  /** Monotonic time of its start, milliseconds. */
  readonly sinceMs = systemClock.monotonicMs();

  constructor(settings: InstanceSettings, events: InstanceEvents) {
    this.settings = settings;
    const { user } = settings.installation;
    const asUser =
      process.geteuid?.() === 0
        ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
        : [];
    const args = ['--pdeathsig', 'KILL', '--no-new-privs', ...asUser];
    const java = ['/bin/sh', '-c', script, settings.installation.java.program];
    const child = spawn('setpriv', [...args, ...java, ...javaArguments(settings)], {
      cwd: '/',
      env: { ...plainEnvironment },
      detached: true, // Ctrl-C in a terminal must not end it
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      readLines(stream, lineLengthMax, (line) => {
        if (line.trim() !== '') events.line(line);
      });
    }
    const end = (detail: string) => {
      if (this.#isOver) return;
      this.#isOver = true;
      events.ended(detail);
    };
    child.once('error', (error) => end(`no process: ${error.message}`));
    child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it accepts connections of all protocols: only the active instance does. */
  async isActive(): Promise<boolean> {
    if (this.#isOver) return false;
    const open = await openPorts();
    return this.settings.ports.every((port) => open.has(port));
  }

  /** Ends the process cleanly. Returns false if it was still there after 15 s. */
  async stop(): Promise<boolean> {
    if (this.#isOver) return true;
    this.#child.kill('SIGTERM');
    return this.#gone(stopMs);
  }

  /** Kills the process. A process that waits for a volume ends when the volume is fenced. */
  async kill(): Promise<void> {
    if (this.#isOver) return;
    this.#child.kill('SIGKILL');
    await this.#gone(stopMs);
  }

  async #gone(ms: number): Promise<boolean> {
    if (this.#isOver) return true;
    let timer: ReturnType<typeof systemClock.setTimeout> | undefined;
    const late = new Promise<false>((resolve) => {
      timer = systemClock.setTimeout(() => resolve(false), ms);
    });
    const isGone = await Promise.race([once(this.#child, 'exit').then(() => true), late]);
    timer?.clear();
    return isGone;
  }
}

function javaArguments({ installation, heapMib, paths }: InstanceSettings): string[] {
  const { conf, temporary, data } = paths;
  return [
    ...['-Xms64m', `-Xmx${heapMib}m`, '-XX:+UseSerialGC', '-XX:-HeapDumpOnOutOfMemoryError'],
    // Its crash files and statistics would be outside of the volume.
    ...['-XX:-UsePerfData', `-XX:ErrorFile=${temporary}/error.log`, '-XX:+ExitOnOutOfMemoryError'],
    ...[`-Djava.io.tmpdir=${temporary}`, `-Djava.security.auth.login.config=${conf}/login.config`],
    `-Djava.security.properties=${conf}/java.security`,
    ...[`-Dactivemq.home=${installation.home}`, `-Dactivemq.base=${conf}`],
    ...[`-Dactivemq.conf=${conf}`, `-Dactivemq.data=${data}`, `-Dactivemq.classpath=${conf}`],
    `-Dlog4j.configuration=file:${conf}/log4j.properties`,
    `-Dlog4j2.configurationFile=file:${conf}/log4j2.properties`,
    ...['-jar', `${installation.home}/bin/activemq.jar`, 'start'],
    `xbean:file:${conf}/activemq.xml`,
  ];
}
