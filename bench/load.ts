// The load generator.

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from './peers/peer.ts';
import { runProgram } from './processes.ts';
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

/**
 * The load generator: a single-threaded C program that uses little CPU time compared with the
 * brokers.
 */
export class LoadGenerator {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Compiles it to a temporary folder, which the caller must delete. */
  static async build(): Promise<LoadGenerator> {
    if (!existsSync('/usr/include/openssl/ssl.h'))
      throw new Error('the load generator needs OpenSSL headers (Debian: libssl-dev)');
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
    for (const name of ['amqp091_load', 'sync_probe']) {
      const files = ['-o', join(folder, name), join(sources, `${name}.c`)];
      await runProgram('gcc', ['-O2', '-march=native', ...files, '-lssl', '-lcrypto', '-lpthread']);
    }
    return new LoadGenerator(folder);
  }

  get folder(): string {
    return this.#folder;
  }

  /**
   * Runs it against a broker with the processes `pids`. `args` determine the type of the report.
   */
  async run<Report = FlowReport>(
    endpoint: Endpoint,
    pids: readonly number[],
    args: readonly string[],
  ): Promise<Report> {
    const { host, port, user, password, tls } = endpoint;
    const whole = ['--host', host, '--port', String(port), '--user', user, '--pid', pids.join()];
    if (tls) whole.push('--tls');
    if (tls?.caFile) whole.push('--ca', tls.caFile);
    const env = { ...process.env, LOAD_PASSWORD: password };
    const program = join(this.#folder, 'amqp091_load');
    return JSON.parse(await runProgram(program, [...whole, ...args], env));
  }

  /** Measures the disk of `folder`. */
  async probeDisk(folder: string, seconds: number): Promise<ProbeReport> {
    const args = [join(folder, 'sync-probe'), String(seconds)];
    return JSON.parse(await runProgram(join(this.#folder, 'sync_probe'), args));
  }
}
