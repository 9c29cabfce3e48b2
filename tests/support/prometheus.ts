// A real Prometheus.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What Prometheus reads. */
export interface Scraped {
  /** Of the metrics. */
  readonly url: string;
  readonly token: string;
  /** Certificates, PEM. */
  readonly ca: string;
}

/** A series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [seconds: number, value: string];
}

/** A Prometheus that reads the metrics of a service once a second, and evaluates alert rules. */
export class Prometheus {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(folder: string, child: ChildProcess, url: string) {
    this.#folder = folder;
    this.#child = child;
    this.#url = url;
  }

  /**
   * @param path of the program
   * @param rules the path of a file with alert rules
   */
  static async start(path: string, { url, token, ca }: Scraped, rules: string) {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-prometheus-'));
    const at = new URL(url);
    writeFileSync(join(folder, 'ca.pem'), ca);
    writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
    copyFileSync(rules, join(folder, 'rules.yml'));
    // JSON is YAML.
    const settings = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yml'],
      scrape_configs: [
        {
          job_name: 'waxwing',
          scheme: 'https',
          metrics_path: at.pathname,
          authorization: { credentials_file: 'token' },
          tls_config: { ca_file: 'ca.pem' },
          static_configs: [{ targets: [at.host] }],
        },
      ],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(settings));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ];
    const child = spawn(path, args, { stdio: 'ignore', env: {} });
    return new Prometheus(folder, child, `http://${address}`);
  }

  /** Returns the data of an answer; undefined while Prometheus does not answer. */
  async get(path: string): Promise<ReturnType<typeof JSON.parse> | undefined> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`).catch(() => undefined);
    if (answer === undefined || answer.status === 503) return undefined;
    const { status, data, error } = (await answer.json()) as ReturnType<typeof JSON.parse>;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  /**
   * @throws {Error} if the expression is invalid
   */
  async query(expression: string): Promise<readonly Series[]> {
    const data = await this.get(`query?query=${encodeURIComponent(expression)}`);
    return data?.result ?? [];
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    const isRunning = this.#child.exitCode === null && this.#child.kill('SIGKILL');
    if (isRunning) await closed;
    rmSync(this.#folder, { recursive: true });
  }
}

/**
 * Runs the tests of alert rules.
 *
 * @throws {Error} with what `promtool` printed, if one fails
 */
export async function testRules(promtool: string, file: string): Promise<void> {
  await promisify(execFile)(promtool, ['test', 'rules', file]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
