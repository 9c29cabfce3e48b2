import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** All that was started and has not ended, so that nothing is left behind however a run ends. */
const running = new Set<ChildProcess>();

/** Starts a process that dies with this one, even where this one is killed. */
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

/** Runs a program to its end and gives what it printed; throws its last words where it fails. */
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

/** Waits until a process has ended, and kills it and all it started where that takes too long. */
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
      // It ended by itself meanwhile.
    }
  }
}

/** Kills whatever still runs and waits until it is gone. */
export async function killEverything(): Promise<void> {
  const children = [...running];
  children.forEach(killTree);
  await Promise.all(children.map((child) => awaitExit(child, 1000)));
}

/** The fields of /proc/PID/stat after the name, or nothing where the process has ended. */
function statFields(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** The process and all that descend from it: the whole of a broker, as the host sees it. */
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

/** User and system time that these processes have used so far; the kernel counts in 10 ms. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map(statFields).map((fields) => Number(fields[11]) + Number(fields[12]));
  return ticks.reduce((sum, n) => sum + (Number.isNaN(n) ? 0 : n), 0) / 100;
}

/** Resident memory of these processes; what they share counts in each. */
export function rssKiB(pids: readonly number[]): number {
  const sizes = pids.map((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    } catch {
      return 0; // It has ended.
    }
  });
  return sizes.reduce((sum, n) => sum + n, 0);
}

/** What a process calls itself (at most 15 characters). */
export function processName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Disk space that the files under a folder take, preallocated space included. */
export function diskBytes(path: string): number {
  try {
    const { blocks } = lstatSync(path);
    const inside = lstatSync(path).isDirectory() ? readdirSync(path) : [];
    return inside.reduce((sum, name) => sum + diskBytes(join(path, name)), blocks * 512);
  } catch {
    return 0; // A broker may delete files while they are counted.
  }
}
