// Two versions of RabbitMQ on one machine, for tests of upgrades.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRabbitMqServer } from '../../src/engines/installed/rabbitmq.ts';

/**
 * The folders of RabbitMQ 3.8.9 and of its Erlang 23. Packages of Debian 11, unpacked with `dpkg -x`, have
 * them. The newer version is the installed one, 3.10.8.
 */
const older = process.env['WAXWING_OLDER_RABBITMQ_HOME'];
const olderErlang = process.env['WAXWING_OLDER_ERLANG_HOME'];

/** Why two versions are not there; undefined if they are. */
export function secondVersionMissing(): string | undefined {
  const isThere = older !== undefined && olderErlang !== undefined;
  if (isThere && existsSync(join(older, 'plugins', 'rabbit-3.8.9.ez'))) return undefined;
  return 'WAXWING_OLDER_RABBITMQ_HOME and WAXWING_OLDER_ERLANG_HOME name no RabbitMQ 3.8.9 with its Erlang';
}

/**
 * Two installations. RabbitMQ permits no upgrade from 3.8 to 3.10, although the nodes work together; no
 * two versions with a permitted step can be had as packages of Debian. So 3.8.9 is presented as 3.9.0, by
 * the name of one folder.
 */
export class TwoRabbitMqs {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-rabbitmqs-'));
  readonly #older = join(this.#folder, 'older');
  readonly #newer = join(this.#folder, 'newer');

  static async make(): Promise<TwoRabbitMqs> {
    const made = new TwoRabbitMqs();
    chmodSync(made.#folder, 0o755);
    made.#copyOlder();
    const { home } = await findRabbitMqServer(undefined, {});
    cpSync(join(home, 'sbin'), join(made.#newer, 'sbin'), { recursive: true, dereference: true });
    for (const name of readdirSync(home).filter((each) => each !== 'sbin')) {
      symlinkSync(join(home, name), join(made.#newer, name));
    }
    return made;
  }

  #copyOlder(): void {
    cpSync(older ?? '', this.#older, { recursive: true });
    const plugins = join(this.#older, 'plugins');
    const archive = join(plugins, 'rabbit-3.8.9.ez');
    execFileSync('python3', ['-m', 'zipfile', '-e', archive, plugins]);
    renameSync(join(plugins, 'rabbit-3.8.9'), join(plugins, 'rabbit-3.9.0'));
    rmSync(archive);
  }

  /** The variables that name both, with their Erlangs. */
  get variables(): Record<string, string> {
    return {
      WAXWING_RABBITMQ_HOME: `${this.#newer}:${this.#older}`,
      WAXWING_ERLANG_HOME: `/usr/lib/erlang:${olderErlang}`,
    };
  }

  get #server(): string {
    return join(this.#newer, 'sbin', 'rabbitmq-server');
  }

  /** Makes nodes of the newer version end when they start. */
  break(): void {
    copyFileSync(this.#server, join(this.#folder, 'rabbitmq-server'));
    writeFileSync(this.#server, '#!/bin/sh\nexit 3\n');
  }

  repair(): void {
    copyFileSync(join(this.#folder, 'rabbitmq-server'), this.#server);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
