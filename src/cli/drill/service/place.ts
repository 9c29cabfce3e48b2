// The folders of a throw-away service, and commands on them.

import { spawn } from 'node:child_process';
import { copyFile, cp, lstat, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageFolder } from '../../../base/package-folder.ts';
import type { FileSource } from '../../../server/root-key/source.ts';
import { rootKeyFile } from '../../../server/root-key/sources/key-file.ts';

/** The program, as it is shipped. */
export const programFile = join(packageFolder, 'dist', 'bin', 'waxwing.js');

/** Maximum time of a command, milliseconds. */
const commandMsMax = 120_000;
/** Maximum size of the output of a command that is kept, characters. */
const outputLengthMax = 1024 * 1024;

/** How a command ended and what it printed. */
export interface Ended {
  /** The exit code; null after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A data folder, and the home of the user that the service runs as, which has the root key. */
export class Place {
  readonly root: string;
  readonly data: string;

  private constructor(root: string) {
    this.root = root;
    this.data = join(root, 'data');
  }

  /** Creates a new place in a folder. */
  static async create(parent: string): Promise<Place> {
    return new Place(await mkdtemp(join(parent, 'service-')));
  }

  /** The variables of commands. Nothing else of this process' environment reaches them. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const config = join(this.root, 'config');
    return { PATH: process.env['PATH'] ?? '', HOME: this.root, XDG_CONFIG_HOME: config, ...more };
  }

  /** The source of the root key. */
  get keySource(): FileSource {
    return { kind: 'file', configFolder: join(this.root, 'config', 'waxwing') };
  }

  /** Returns the path of the file with the root key. */
  async keyFile(): Promise<string> {
    return rootKeyFile(this.keySource, await realpath(this.data));
  }

  /** Copies the data folder to a new place without the root key. */
  async copyWithoutKey(parent: string): Promise<Place> {
    const made = await Place.create(parent);
    const filter = async (path: string) => {
      // Temporary files may disappear while a service runs.
      const found = await lstat(path).catch(() => undefined);
      return found !== undefined && !found.isSocket();
    };
    await cp(this.data, made.data, { recursive: true, filter });
    return made;
  }

  /** Copies the data folder and the root key to a new place. */
  async copy(parent: string): Promise<Place> {
    const made = await this.copyWithoutKey(parent);
    await this.giveKey(made);
    return made;
  }

  /** Copies the root key to another place. */
  async giveKey(other: Place): Promise<void> {
    const file = await other.keyFile();
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await copyFile(await this.keyFile(), file);
  }

  /** Runs a command of this program to its end. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = spawn(process.execPath, [programFile, ...args], {
      cwd: this.root,
      env: this.environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: commandMsMax,
      killSignal: 'SIGKILL',
    });
    const ended = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (ended[name].length < outputLengthMax) ended[name] += text;
      });
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...ended }));
    });
  }

  /** Runs `waxwing check` on the data folder. */
  check(): Promise<Ended> {
    return this.run(['check', this.data]);
  }
}

/** Describes how a command ended, in one line. */
export function described({ code, stdout, stderr }: Ended): string {
  const [line = ''] = `${stderr}\n${stdout}`.split('\n').filter((each) => each.trim() !== '');
  return `exit code ${code}: ${line}`;
}
