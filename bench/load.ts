// The load generators.

import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from './peers/peer.ts';
import { runProgram, startProcess } from './processes.ts';
import { projectFolder } from './project.ts';

const sources = join(projectFolder, 'bench', 'load');

/** The load generator's report of a flow of messages. */
export interface FlowReport {
  readonly pub_s: number;
  readonly cons_s: number;
  readonly msgs_per_cpu_s: number;
  readonly conf_p50_ms: number;
  readonly conf_p99_ms: number;
  readonly e2e_p50_ms: number;
  readonly e2e_p99_ms: number;
  readonly self_cpu_s: number;
  readonly server_cpu_s: number;
  readonly machine_busy_s: number;
  readonly steal_s: number;
  readonly rss_kb: number;
  readonly rss_max_kb: number;
  readonly published: number;
  readonly consumed: number;
  readonly nacked: number;
  readonly gaps: number;
  readonly redelivered: number;
  /** Monotonic time in nanoseconds; 0 if there was no message. */
  readonly first_at_ns: number;
  /** Total messages published, confirmed and consumed, every half second; with `--progress`. */
  readonly progress?: readonly (readonly [number, number, number])[];
}

/** The report with `--churn`. */
export interface OpeningReport {
  readonly churn_per_s: number;
  readonly conns_per_cpu_s: number;
}

/** The report with `--idle`. */
export interface IdleReport {
  readonly kb_per_conn: number;
}

/** The report with `--start` and `--hello`. */
export interface StartReport {
  /** Monotonic time in nanoseconds. */
  readonly connected_at_ns: number;
}

/** The duration of a write and fdatasync on the disk. */
export interface ProbeReport {
  readonly overwrite_p50_ms: number;
  readonly overwrite_p99_ms: number;
  readonly append_p50_ms: number;
  readonly append_p99_ms: number;
}

/** The programs in `bench/load`. */
export type LoadProgram =
  | 'amqp091_load'
  | 'amqp10_load'
  | 'mqtt_load'
  | 'openwire_load'
  | 'stomp_load'
  | 'sync_probe';

/**
 * The load generators: single-threaded C programs that use little CPU time compared with the
 * brokers.
 */
export class LoadGenerator {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Compiles programs to a temporary folder, which the caller must delete. */
  static async build(programs: readonly LoadProgram[]): Promise<LoadGenerator> {
    if (!existsSync('/usr/include/openssl/ssl.h'))
      throw new Error('the load generator needs OpenSSL headers (Debian: libssl-dev)');
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
    for (const name of programs) {
      const files = ['-o', join(folder, name), join(sources, `${name}.c`)];
      await runProgram('gcc', ['-O2', '-march=native', ...files, '-lssl', '-lcrypto', '-lpthread']);
    }
    return new LoadGenerator(folder);
  }

  get folder(): string {
    return this.#folder;
  }

  /**
   * Runs the generator of AMQP 0-9-1, or another program, against a broker with the processes
   * `pids`. `args` determine the type of the report.
   */
  async run<Report = FlowReport>(
    endpoint: Endpoint,
    pids: readonly number[],
    args: readonly string[],
    program: LoadProgram = 'amqp091_load',
  ): Promise<Report> {
    const [command, whole, env] = this.#command(program, endpoint);
    return JSON.parse(await runProgram(command, [...whole, '--pid', pids.join(), ...args], env));
  }

  /**
   * Opens idle connections, and keeps them until the process that is returned is killed.
   *
   * @throws {Error} if a connection cannot be opened
   */
  async openIdle(program: LoadProgram, endpoint: Endpoint, count: number): Promise<ChildProcess> {
    const [command, whole, env] = this.#command(program, endpoint);
    const child = startProcess(command, [...whole, '--idle', String(count)], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const isOpened = await new Promise<boolean>((resolve) => {
      child.stdout?.once('data', () => resolve(true));
      child.once('exit', () => resolve(false));
    });
    if (!isOpened) throw new Error(`${program} could not open ${count} connections`);
    return child;
  }

  /** Returns the path of a program, its arguments for an endpoint, and its environment. */
  #command(program: LoadProgram, endpoint: Endpoint): [string, string[], NodeJS.ProcessEnv] {
    const { host, port, user, password, tls } = endpoint;
    const args = ['--host', host, '--port', String(port), '--user', user];
    if (tls) args.push('--tls');
    if (tls?.caFile) args.push('--ca', tls.caFile);
    return [join(this.#folder, program), args, { ...process.env, LOAD_PASSWORD: password }];
  }

  /** Measures the disk of `folder`. */
  async probeDisk(folder: string, seconds: number): Promise<ProbeReport> {
    const args = [join(folder, 'sync-probe'), String(seconds)];
    return JSON.parse(await runProgram(join(this.#folder, 'sync_probe'), args));
  }
}
