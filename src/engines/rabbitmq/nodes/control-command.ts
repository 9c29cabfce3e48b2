// Commands of RabbitMQ's command-line tools to nodes.

import { systemClock } from '../../../base/clock.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import { nodeEnvironment } from './node-environment.ts';
import type { NodePlace } from './node-place.ts';
import { NodeProcess } from './node-process.ts';

/** Time for a command, which starts a virtual machine of its own; milliseconds. */
const commandMs = 60_000;
/** Lines of its output that are kept, for the error. */
const linesMax = 5;

/** How commands are run. */
export interface ControlOptions {
  /** `rabbitmqctl`, or a tool beside it. */
  readonly program: string;
  /** The folder of `erl`. */
  readonly erlang: string;
  readonly epmdPort: number;
  readonly mark: Readonly<Record<string, string>>;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
}

/** A command to a node. */
export class ControlCommand {
  readonly #process: NodeProcess;
  readonly #lines: string[] = [];
  /** Resolves when it has ended: with the reason if it failed. */
  readonly ended: Promise<string | undefined>;

  /** @param node whose cookie and name are used */
  constructor(
    node: NodePlace,
    args: readonly string[],
    { program, erlang, epmdPort, mark, user }: ControlOptions,
  ) {
    const environment = { ...nodeEnvironment(node, epmdPort, erlang), ...mark };
    this.#process = new NodeProcess(
      {
        file: program,
        args,
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
