// The AWS CLI.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a command printed, and its exit code. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const driver = join(import.meta.dirname, '../../../tests/support/aws-cli-driver.py');

/** A resident process of a CLI that is a Python program. */
class Resident {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(python: string, env: Environment = {}) {
    this.#child = spawn(python, [driver], { stdio: ['pipe', 'pipe', 'inherit'], env });
    createInterface({ input: this.#child.stdout as Socket }).on('line', (line) =>
      this.#waiting.shift()?.(line),
    );
    this.#hold(false);
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  async run(args: readonly string[], env: Environment, folder = process.cwd()): Promise<Printed> {
    this.#hold(true);
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#child.once('close', () => reject(new Error('the driver of the AWS CLI ended')));
      this.#child.stdin?.write(`${JSON.stringify([args, env, folder])}\n`);
    });
    this.#child.removeAllListeners('close');
    if (this.#waiting.length === 0) this.#hold(false);
    return JSON.parse(line) as Printed;
  }

  /** Whether the process keeps this one running. */
  #hold(holds: boolean): void {
    const { stdin, stdout } = this.#child;
    for (const one of [this.#child, stdin as Socket, stdout as Socket]) {
      if (holds) one.ref();
      else one.unref();
    }
  }
}

const residents = new Map<string, Resident>();

/** The interpreter that a script names in its first line; undefined if it is no Python script. */
function pythonOf(path: string): string | undefined {
  const bytes = Buffer.alloc(256);
  const fd = openSync(path, 'r');
  readSync(fd, bytes);
  closeSync(fd);
  return /^#!(\/\S*python[\d.]*)\n/.exec(bytes.toString('latin1'))?.[1];
}

/**
 * Runs a command of an installed AWS CLI. Where it is a Python program, its own entry point is called
 * in a process that stays, because loading it takes a second of a processor.
 *
 * @param path the whole path of `aws`
 * @param folder the working directory
 */
export function runAwsCli(
  path: string,
  args: readonly string[],
  env: Environment,
  folder = process.cwd(),
): Promise<Printed> {
  const python = pythonOf(path);
  if (python === undefined) return runProcess(path, args, env, folder);
  const resident = residents.get(python) ?? new Resident(python);
  residents.set(python, resident);
  return resident.run(args, env, folder);
}

/**
 * Returns a function that runs commands in a process of their own, which is loaded with their
 * environment: the CLI keeps what single sign-on has issued in the home that it was loaded with.
 *
 * @param path the whole path of `aws`
 */
export function awsCliOf(
  path: string,
  env: Environment,
): (...args: readonly string[]) => Promise<Printed> {
  const python = pythonOf(path);
  if (python === undefined) return (...args) => runProcess(path, args, env);
  const resident = new Resident(python, env);
  return (...args) => resident.run(args, env);
}

function runProcess(
  path: string,
  args: readonly string[],
  env: Environment,
  cwd = process.cwd(),
): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(path, [...args], { env, cwd }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

/**
 * Runs a command that prints JSON or nothing.
 *
 * @returns what it prints; undefined for nothing
 * @throws {Error} with `code` and `stderr` if the command fails
 */
export async function awsCliJson(
  path: string,
  args: readonly string[],
  env: Environment,
): Promise<ReturnType<typeof JSON.parse> | undefined> {
  const { code, stdout, stderr } = await runAwsCli(path, [...args, '--output', 'json'], env);
  if (code !== 0) throw Object.assign(new Error(`${args.join(' ')}: ${stderr}`), { code, stderr });
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}
