// Java programs that use ActiveMQ's client.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { installed } from './debian-packages.ts';
import { findPrograms } from './other-programs.ts';

const run = promisify(execFile);

const jarFolder = '/usr/share/java';
/** Milliseconds after which a program is killed. Those with scheduled messages take minutes. */
const runTimeoutMs = 500_000;

/** The jars of ActiveMQ's client and of what it needs, by the beginnings of their names. */
const jarNames =
  /^(activemq-client|geronimo-(jms|j2ee-management|jta)|hawtbuf|slf4j-(api|nop))[^/]*\.jar$/;
const storePassword = 'changeit';

/** A Java program of the tests, compiled against ActiveMQ's client of Debian. */
export class JavaProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-java-'));
  readonly #name: string;
  readonly #java: string;

  private constructor(name: string, java: string) {
    this.#name = name;
    this.#java = java;
  }

  /**
   * Compiles a program.
   *
   * @returns in one sentence why that cannot be done, if it cannot
   */
  static async compile(folder: string, name: string): Promise<JavaProgram | string> {
    const why = await installed('libactivemq-java', 'libslf4j-java');
    if (why !== undefined) return why;
    const search = { versionArguments: ['-version'], package: 'default-jdk-headless' };
    const compilers = await findPrograms({ ...search, name: 'javac' });
    if (typeof compilers === 'string') return compilers;
    const [compiler] = compilers;
    if (compiler === undefined) return 'there is no javac';
    const program = new JavaProgram(name, compiler.path.replace(/javac$/, 'java'));
    const source = join(folder, `${name}.java`);
    const where = ['-d', program.#folder, '-cp', program.#classPath];
    const sources = ['-sourcepath', folder, '-encoding', 'utf8'];
    const quick = ['-J-XX:+UseSerialGC', '-J-XX:TieredStopAtLevel=1', '-proc:none', '-nowarn'];
    await run(compiler.path, [...quick, ...where, ...sources, source]);
    return program;
  }

  get #classPath(): string {
    const jars = readdirSync(jarFolder).filter((name) => jarNames.test(name));
    return [this.#folder, ...jars.map((name) => join(jarFolder, name))].join(':');
  }

  /** Makes an authority known to the program. */
  async trust(caFile: string): Promise<void> {
    const store = ['-keystore', this.#store, '-storepass', storePassword, '-storetype', 'PKCS12'];
    rmSync(this.#store, { force: true });
    const keytool = this.#java.replace(/java$/, 'keytool');
    await run(keytool, ['-importcert', '-noprompt', '-alias', 'ca', '-file', caFile, ...store]);
  }

  get #store(): string {
    return join(this.#folder, 'trust.p12');
  }

  get #arguments(): string[] {
    const trust = '-Djavax.net.ssl.trustStore';
    const properties = [`${trust}=${this.#store}`, `${trust}Password=${storePassword}`];
    // These programs end before a better compiled one would be faster.
    const options = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    return [...options, ...properties, '-cp', this.#classPath, this.#name];
  }

  /**
   * Runs the program.
   *
   * @param said told each line that it prints
   * @returns the lines
   */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    said: (line: string) => void = () => {},
  ): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#java, [...this.#arguments, ...args], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: runTimeoutMs,
        killSignal: 'SIGKILL',
      });
      const lines: string[] = [];
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        said(line);
      });
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(lines);
        else
          reject(new Error(`${args.join(' ')} ended with ${code}: ${lines.join('; ')} ${errors}`));
      });
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
