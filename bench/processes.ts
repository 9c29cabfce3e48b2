// Starts, measures and ends processes.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** All processes that were started and have not ended, so that none remains after the run. */
const running = new Set<ChildProcess>();

/** Starts a process that is killed when this one ends, even if this one is killed. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

/** Runs a program and returns its output. If it fails, throws its last output. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = startProcess(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code, signal] = await once(child, 'close');
  if (code === 0) return output;
  const lastWords = errors.trim().split('\n').slice(-5).join('\n');
  throw new Error(`${command} ended with ${code ?? signal}: ${lastWords}`);
}

/** Waits until a process has ended. After the timeout, kills it and its descendants. */
export async function awaitExit(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  const timer = setTimeout(() => killTree(child), timeoutMs);
  await exit;
  clearTimeout(timer);
}

function killTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  for (const pid of processTree(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has ended meanwhile.
    }
  }
}

/** Kills all remaining processes and waits for their end. */
export async function killEverything(): Promise<void> {
  const children = [...running];
  children.forEach(killTree);
  await Promise.all(children.map((child) => awaitExit(child, 1000)));
}

/** Returns the fields of /proc/PID/stat after the name; empty if the process has ended. */
function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Returns a process and all of its descendants. */
export function processTree(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(childrenOf.get(pid) ?? []));
  return found;
}

/**
 * Returns the user and system time of processes in seconds, with the kernel's resolution of 10 ms.
 */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map(statFields).map((fields) => Number(fields[11]) + Number(fields[12]));
  return ticks.reduce((sum, n) => sum + (Number.isNaN(n) ? 0 : n), 0) / 100;
}

/** Returns the resident memory of processes. Shared memory is counted for each process. */
export function rssKiB(pids: readonly number[]): number {
  const sizes = pids.map((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    } catch {
      return 0; // The process has ended.
    }
  });
  return sizes.reduce((sum, n) => sum + n, 0);
}

/** Memory of processes whose programs are the same file. All sizes in KiB. */
export interface SharedMemory {
  /**
   * Each page divided by the number of processes on this machine that have it. Other processes with
   * the same program, such as the benchmark itself, make it smaller.
   */
  readonly pssKiB: number;
  /** The processes' own memory, and once the pages of files of the process that has most of them. */
  readonly onceKiB: number;
}

/** Returns the memory of processes without counting their program for each of them. */
export function sharedMemory(pids: readonly number[]): SharedMemory {
  let [pssKiB, ownKiB, filesKiB] = [0, 0, 0];
  for (const pid of pids) {
    let sums: string;
    try {
      sums = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    } catch {
      continue; // The process has ended.
    }
    const size = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(sums)?.[1]);
    pssKiB += size('Pss');
    ownKiB += size('Anonymous');
    filesKiB = Math.max(filesKiB, size('Rss') - size('Anonymous'));
  }
  return { pssKiB, onceKiB: ownKiB + filesKiB };
}

/** Returns the name of a process (at most 15 characters). */
export function processName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Returns the disk space of the files in a folder, including preallocated space. */
export function diskBytes(path: string): number {
  try {
    const { blocks } = lstatSync(path);
    const inside = lstatSync(path).isDirectory() ? readdirSync(path) : [];
    return inside.reduce((sum, name) => sum + diskBytes(join(path, name)), blocks * 512);
  } catch {
    return 0; // A broker can delete files while they are counted.
  }
}
