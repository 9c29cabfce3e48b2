// A machine with systemd, booted by systemd-nspawn without a network. Its file system is an overlay over
// that of this machine. The caller must be root and have its own mount namespace.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, until } from './processes.ts';

/** What boots: no service of this machine but those that the tests start. */
const target = `[Unit]
Requires=basic.target dbus.service
After=basic.target dbus.service
`;

/** A machine that has the packages of this one, and loses all that is done to it. */
export class SystemdMachine {
  readonly #root: string;
  #nspawn: ChildProcess | undefined;
  #said = '';

  /** @param folder an empty folder */
  constructor(folder: string) {
    execFileSync('mount', ['-t', 'tmpfs', 'layer', folder]);
    const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(folder, name));
    for (const each of [upper, work, root]) mkdirSync(each ?? '');
    const options = `lowerdir=/,upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', '-o', options, 'layer', root ?? '']);
    this.#root = root ?? '';
    this.write('/etc/machine-id', '');
    this.write('/etc/systemd/system/page.target', target);
  }

  /** Writes a file of it. */
  write(path: string, content: string | Buffer): void {
    writeFileSync(join(this.#root, path), content);
  }

  /** Runs a program on its files before it boots, with the network of this machine. */
  prepare(...command: readonly string[]): void {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('chroot', [this.#root, ...command], { env, stdio: 'pipe' });
  }

  /** Starts systemd, and waits until it is there. */
  async boot(): Promise<void> {
    const options = ['--quiet', '--register=no', '--keep-unit', '--private-network'];
    const place = [`--directory=${this.#root}`, '--console=pipe', '--boot', '--'];
    const child = spawn('systemd-nspawn', [...options, ...place, '--unit=page.target'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#nspawn = child;
    process.once('exit', () => child.kill('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    const isBooted = async () => {
      if (child.exitCode !== null) throw new Error(`it has ended: ${this.#said}`);
      return await this.run('systemctl is-active page.target').then(
        () => true,
        () => false,
      );
    };
    await until(() => `systemd has booted: ${this.#said}`, isBooted, 60_000);
  }

  /** Runs a script there. Returns what it prints. */
  run(script: string, cwd = '/root'): Promise<string> {
    const [init] = childrenOf(this.#nspawn?.pid ?? 0);
    if (init === undefined) return Promise.reject(new Error('it does not run'));
    const where = ['--target', `${init}`, '--mount', '--uts', '--ipc', '--net', '--pid'];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
    const text = `cd ${cwd}\nset -euo pipefail\n${script}`;
    const child = spawn('nsenter', [...where, '--cgroup', 'bash', '-c', text], { env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
    }
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(said);
        else reject(new Error(`${script}\nended with ${code}: ${said}`));
      });
    });
  }

  /** Ends it. */
  async end(): Promise<void> {
    const child = this.#nspawn;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (const init of childrenOf(child.pid ?? 0)) process.kill(init, 'SIGKILL');
    await ended;
  }
}
