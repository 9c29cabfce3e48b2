// Machines in network namespaces of this one, on which the program runs as a host of nodes.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, until } from './processes.ts';
import { main } from './waxwing-folder.ts';

/** The address of this machine in the network of the hosts. */
export const ownAddress = '10.213.78.1';
const prefix = 'wxtest';

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' });

/** Why there are no such machines here; undefined if there are. */
export function networkMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only the superuser can create network namespaces';
  if (!existsSync('/usr/sbin/ip') && !existsSync('/sbin/ip')) return 'there is no program `ip`';
  try {
    ip('netns', 'add', `${prefix}-try`);
    ip('netns', 'del', `${prefix}-try`);
    return undefined;
  } catch (error) {
    return `network namespaces cannot be created: ${String(error)}`;
  }
}

/** A network with a bridge, this machine, and some more, each in a namespace of its own. */
export class HostNetwork {
  readonly machines: readonly TestMachine[];
  readonly #folder: string;

  /** @param folder the folder of the machines' folders */
  constructor(count: number, folder: string) {
    this.#folder = folder;
    this.remove();
    const bridge = `${prefix}-br`;
    ip('netns', 'add', bridge);
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', bridge, 'link', 'set', 'br0', 'up');
    ip('link', 'add', `${prefix}0`, 'type', 'veth', 'peer', 'name', 'own', 'netns', bridge);
    ip('-n', bridge, 'link', 'set', 'own', 'master', 'br0', 'up');
    ip('addr', 'add', `${ownAddress}/24`, 'dev', `${prefix}0`);
    ip('link', 'set', `${prefix}0`, 'up');
    this.machines = Array.from({ length: count }, (_, i) => {
      const [name, link] = [`${prefix}-${i + 1}`, `m${i + 1}`];
      const address = `10.213.78.${i + 2}`;
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip(
        'link',
        'add',
        link,
        'netns',
        bridge,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        name,
      );
      ip('-n', bridge, 'link', 'set', link, 'master', 'br0', 'up');
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      return new TestMachine(name, link, address, join(folder, `host-${i + 1}`));
    });
  }

  /** Removes what this or an earlier test has left, which may have been killed. */
  remove(): void {
    for (const pid of programsOf(`--node-address\0${ownAddress}\0`)) kill(pid);
    for (const line of ip('netns', 'list').split('\n')) {
      const [name = ''] = line.split(' ');
      if (!name.startsWith(`${prefix}-`)) continue;
      for (const pid of pidsIn(name)) kill(pid);
      ip('netns', 'del', name);
    }
    for (const { mountpoint } of mountsOf(this.#folder)) {
      execFileSync('umount', ['-l', mountpoint], { stdio: 'pipe' });
    }
    const own = `/sys/class/net/${prefix}0`;
    if (!existsSync(own)) return;
    try {
      ip('link', 'del', `${prefix}0`);
    } catch (error) {
      // The kernel removes it together with the bridge, but later.
      if (existsSync(own)) throw error;
    }
  }
}

/** A machine, and the program that runs on it. */
export class TestMachine {
  readonly name: string;
  readonly address: string;
  /** The folder of the host. */
  readonly folder: string;
  readonly #link: string;
  #process: ChildProcess | undefined = undefined;
  output = '';

  constructor(name: string, link: string, address: string, folder: string) {
    this.name = name;
    this.address = address;
    this.folder = folder;
    this.#link = link;
  }

  /** Runs `waxwing node …` there, with this on its standard input. */
  run(args: readonly string[], environment: Readonly<Record<string, string>>, input = ''): void {
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${this.name}`, process.execPath, main, 'node', ...args],
      { env: { PATH: process.env['PATH'], ...environment }, stdio: 'pipe' },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    child.stdin.end(input);
    this.#process = child;
  }

  /** The process of the program that runs there, as {@link run} has started it. */
  get agentPid(): number {
    const pid = this.#process?.pid; // `nsenter` becomes the program
    if (pid === undefined) throw new Error(`nothing runs on ${this.name}`);
    return pid;
  }

  /** Waits until it has done something, unless it ends before. */
  async until(what: string, isDone: () => boolean, timeoutMs: number): Promise<void> {
    const look = () => {
      if (this.#process?.exitCode !== null) throw new Error(`it has ended: ${this.output}`);
      return isDone();
    };
    await until(what, look, timeoutMs);
  }

  /** Resolves with its exit code when the program has ended. */
  async ended(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  /** The processes there, with their names. */
  get processes(): { readonly pid: number; readonly name: string }[] {
    return pidsIn(this.name).map((pid) => ({ pid, name: nameOf(pid) }));
  }

  /** The virtual machines of its nodes; commands and compilers have some for a moment, too. */
  get nodes(): number[] {
    return this.processes
      .filter(({ pid, name }) => name === 'beam.smp' && isNode(pid))
      .map(({ pid }) => pid);
  }

  /** Whether a process there has an argument. */
  runs(argument: string): boolean {
    return this.processes.some(({ pid }) => argumentsOf(pid).includes(`\0${argument}\0`));
  }

  /** Its mounted volumes. */
  get volumes(): Mount[] {
    return mountsOf(this.folder).filter(({ source }) => source.startsWith(this.folder));
  }

  /** Ends all processes there, as if it lost its power. */
  killAll(): void {
    for (const { pid } of this.processes) kill(pid);
  }

  /** Ends all processes there, and waits until they are gone. */
  async lose(): Promise<void> {
    const pids = this.processes.map(({ pid }) => pid);
    this.killAll();
    await until('its processes are gone', () => !pids.some((pid) => isRunning(pid)), 60_000);
  }

  /** Separates it from the network, or connects it again. */
  setLink(isUp: boolean): void {
    ip('-n', `${prefix}-br`, 'link', 'set', this.#link, isUp ? 'up' : 'down');
  }
}

function isNode(pid: number): boolean {
  return argumentsOf(pid).includes('\0rabbit\0boot\0');
}

/** A mounted file system. */
export interface Mount {
  /** The folder that is encrypted, for volumes of nodes. */
  readonly source: string;
  readonly mountpoint: string;
}

/** What is mounted from or under a folder, the innermost first. */
function mountsOf(folder: string): Mount[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([source = '', mountpoint = '']) => ({ source, mountpoint }))
    .filter((each) => [each.source, each.mountpoint].some((path) => path.startsWith(`${folder}/`)))
    .reverse();
}

function pidsIn(namespace: string): number[] {
  return ip('netns', 'pids', namespace)
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** The processes with a text in their arguments, which end with a zero byte each. */
function programsOf(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && argumentsOf(pid).includes(text));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // it has ended
  }
}
