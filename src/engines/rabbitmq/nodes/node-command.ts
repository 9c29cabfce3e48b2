// Commands that a running node carries out.

import { dirname } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { isOlder } from '../../../control/offers/offers.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import type { NodeCommand } from '../hosts/node-host.ts';
import { erlangAddress, erlangString } from './erlang-text.ts';
import { nodeEnvironment } from './node-environment.ts';
import { filesOf, type NodePlace } from './node-place.ts';
import { NodeProcess } from './node-process.ts';

/** Time for a command, which starts a virtual machine of its own; milliseconds. */
const commandMs = 60_000;
/** Lines of its output that are kept, for the error. */
const linesMax = 5;

/** Commands of other programs than `rabbitmqctl`. */
const programs: Partial<Record<NodeCommand['kind'], 'queues' | 'upgrade'>> = {
  grow: 'queues',
  shrink: 'queues',
  rebalance: 'queues',
  'check-quorum': 'queues',
  'check-mirrors': 'queues',
  drain: 'upgrade',
  revive: 'upgrade',
};

/** How commands are run. */
export interface CommandOptions {
  /** The programs `rabbitmqctl`, `rabbitmq-queues` and `rabbitmq-upgrade`. */
  readonly control: string;
  readonly queues: string;
  readonly upgrade: string;
  /** The program of Erlang's virtual machine. */
  readonly erl: string;
  readonly epmdPort: number;
  readonly mark: Readonly<Record<string, string>>;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
}

/** A process that makes a running node carry out a command. */
export class CommandRun {
  readonly #process: NodeProcess;
  readonly #lines: string[] = [];
  /** Resolves when it has ended: with the reason if it failed. */
  readonly ended: Promise<string | undefined>;

  /** @param node a node that runs */
  constructor(node: NodePlace, command: NodeCommand, options: CommandOptions) {
    const { erl, epmdPort, mark, user } = options;
    const environment = { ...nodeEnvironment(node, epmdPort, dirname(erl)), ...mark };
    this.#process = new NodeProcess(
      {
        file: options[programs[command.kind] ?? 'control'],
        args: [...argumentsOf(node, command), '--silent'],
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

function argumentsOf(node: NodePlace, command: NodeCommand): readonly string[] {
  switch (command.kind) {
    case 'import-definitions':
      return ['import_definitions', filesOf(node).definitions];
    case 'force-boot':
      return ['force_boot'];
    case 'forget':
      return ['forget_cluster_node', command.node.name];
    case 'grow':
      return ['grow', command.node.name, 'all'];
    case 'shrink':
      return ['shrink', command.node.name];
    case 'hosts':
      return ['eval', hostsExpression(command)];
    case 'check-quorum':
      return ['check_if_node_is_quorum_critical'];
    case 'check-mirrors':
      return ['check_if_node_is_mirror_sync_critical'];
    case 'enable-flags':
      // The command of 3.8 does not know `all`.
      return isOlder(node.version, '3.10')
        ? ['eval', 'ok = rabbit_feature_flags:enable_all().']
        : ['enable_feature_flag', 'all'];
    case 'rebalance':
      return ['rebalance', 'all'];
    case 'drain':
    case 'revive':
      return [command.kind];
  }
}

/** A name that is added keeps the addresses that it had, so that those of all nodes are removed first. */
function hostsExpression({ nodes, gone }: Extract<NodeCommand, { kind: 'hosts' }>): string {
  const now = [...new Set(nodes.map(({ address }) => address))];
  const entries = now.map((address) => {
    const names = nodes.filter((node) => node.address === address).map(({ host }) => host);
    return `{${erlangAddress(address)}, [${names.map(erlangString).join(', ')}]}`;
  });
  const old = [...new Set([...now, ...gone])].map(erlangAddress).join(', ');
  return `[inet_db:del_host(A) || A <- [${old}]], [inet_db:add_host(A, N) || {A, N} <- [${entries.join(', ')}]].`;
}

/** The command talks to nodes as they do to each other, and listens on their address too. */
function distributionOf(environment: Readonly<Record<string, string>>): string {
  return environment['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS'] ?? '';
}
