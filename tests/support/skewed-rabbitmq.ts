// A RabbitMQ whose nodes have a wrong clock.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRabbitMqServer } from '../../src/engines/installed/rabbitmq.ts';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/**
 * The RabbitMQ of this machine, as a folder of its own, whose program starts some nodes with a clock that a
 * file states. `WAXWING_RABBITMQ_HOME` names it to a service.
 */
export class SkewedRabbitMq {
  readonly home: string;
  readonly version: string;

  private constructor(home: string, version: string) {
    this.home = home;
    this.version = version;
  }

  /** @param nodes a pattern of the shell for the names of the nodes that get the clock */
  static async create(nodes: string): Promise<SkewedRabbitMq> {
    const { home, version } = await findRabbitMqServer(undefined, process.env);
    const made = new SkewedRabbitMq(mkdtempSync(join(tmpdir(), 'waxwing-skewed-')), version);
    const programs = join(made.home, 'sbin');
    mkdirSync(programs);
    symlinkSync(join(home, 'plugins'), join(made.home, 'plugins'));
    for (const name of readdirSync(join(home, 'sbin'))) {
      if (name !== 'rabbitmq-server') symlinkSync(join(home, 'sbin', name), join(programs, name));
    }
    const wrapper = `#!/bin/sh
case $RABBITMQ_NODENAME in
${nodes})
  export LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${made.#clockFile}
  export FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1
esac
exec ${join(home, 'sbin', 'rabbitmq-server')} "$@"
`;
    writeFileSync(join(programs, 'rabbitmq-server'), wrapper);
    for (const place of [made.home, programs]) chmodSync(place, 0o755);
    chmodSync(join(programs, 'rabbitmq-server'), 0o755);
    made.setClock(0);
    return made;
  }

  get #clockFile(): string {
    return join(this.home, 'clock');
  }

  /** Variables that give a program the same clock. */
  get clockVariables(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#clockFile,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets the clock wrong by so many minutes, including that of what runs; 0 for the right time. */
  setClock(minutes: number): void {
    const text = `${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}m\n`;
    writeFileSync(this.#clockFile, text);
    chmodSync(this.#clockFile, 0o644);
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
