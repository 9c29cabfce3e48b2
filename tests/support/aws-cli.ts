// The AWS CLI.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemClock } from '../../src/base/clock.ts';
import type { Credentials } from './callers.ts';
import { clientEnvironment } from './client-environment.ts';
import { ControlPlane, Machine } from './control-plane.ts';

/** A control plane whose clock shows this machine's time, by which the clients sign. */
export async function startNow(): Promise<ControlPlane> {
  const machine = new Machine();
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  return ControlPlane.start(machine);
}

/** The AWS CLI with the credentials of one caller. */
export class AwsCli {
  readonly #path: string;
  readonly #plane: ControlPlane;
  readonly env: NodeJS.ProcessEnv;

  constructor(path: string, plane: ControlPlane, credentials?: Credentials) {
    this.#path = path;
    this.#plane = plane;
    this.env = clientEnvironment(plane, credentials);
  }

  async run(service: string, command: string, options: Readonly<Record<string, string>> = {}) {
    const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const common = ['--endpoint-url', this.#plane.endpoint.url, '--output', 'json'];
    const { stdout } = await promisify(execFile)(
      this.#path,
      [service, command, ...given, ...common],
      { env: this.env },
    );
    return stdout.trim() === '' ? {} : JSON.parse(stdout);
  }
}
