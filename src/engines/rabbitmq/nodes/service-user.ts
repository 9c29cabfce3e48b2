// Gives the nodes of a cluster the user of the service again.
//
// Administrators of a cluster can delete or change every user. Without this one, the service does not
// see which nodes serve clients.

import { systemClock } from '../../../base/clock.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import { nodeEnvironment } from './node-environment.ts';
import { filesOf, type NodePlace } from './node-place.ts';
import { NodeProcess } from './node-process.ts';

/** Time for the command, which starts a virtual machine of its own; milliseconds. */
const commandMs = 60_000;
/** Lines of its output that are kept, for the error. */
const linesMax = 5;

/** How the command is run. */
export interface ImportOptions {
  /** `rabbitmqctl` */
  readonly program: string;
  readonly epmdPort: number;
  readonly mark: Readonly<Record<string, string>>;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
}

/** A command that makes a running node import its definitions. */
export class DefinitionsImport {
  readonly #process: NodeProcess;
  readonly #lines: string[] = [];
  /** Resolves when it has ended: with the reason if it failed. */
  readonly ended: Promise<string | undefined>;

  /** @param node a node that runs. Its definitions have the user of the service */
  constructor(node: NodePlace, { program, epmdPort, mark, user }: ImportOptions) {
    const files = filesOf(node);
    const environment = { ...nodeEnvironment(node, epmdPort), ...mark };
    this.#process = new NodeProcess(
      {
        file: program,
        args: ['import_definitions', files.definitions, '--silent'],
        folder: '/',
        environment: { ...environment, RABBITMQ_CTL_ERL_ARGS: distributionOf(environment) },
        user,
      },
      {
        line: (text) => {
          if (this.#lines.length < linesMax) this.#lines.push(text);
        },
        ended: () => {},
      },
    );
    const timer = systemClock.setTimeout(() => this.kill(), commandMs).unref();
    this.ended = this.#process.ended.then((detail) => {
      timer.clear();
      return detail === 'exit code 0' ? undefined : [detail, ...this.#lines].join('; ');
    });
  }

  kill(): void {
    this.#process.kill();
  }
}

/** The command talks to nodes as they do to each other, and listens on the loopback address too. */
function distributionOf(environment: Readonly<Record<string, string>>): string {
  return environment['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS'] ?? '';
}
