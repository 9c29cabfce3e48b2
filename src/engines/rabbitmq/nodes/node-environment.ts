// The environment of the process of a node.

import { join } from 'node:path';
import { plainEnvironment } from '../../../base/programs/run-program.ts';
import { hasLogCategories } from '../log-line.ts';
import { erlangAddress } from './erlang-text.ts';
import { filesOf, type NodePlace } from './node-place.ts';

/** Schedulers of a node: three of them share the machine. */
const schedulerCount = 2;

/**
 * The environment of a node: nothing of this process's own, no file of another RabbitMQ on the machine,
 * and no secret.
 *
 * @param erlang the folder of `erl`
 */
export function nodeEnvironment(
  node: NodePlace,
  epmdPort: number,
  erlang: string,
): Record<string, string> {
  const files = filesOf(node);
  return {
    ...plainEnvironment,
    PATH: `${erlang}:${plainEnvironment.PATH}`,
    HOME: files.home,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: node.address,
    ERL_INETRC: files.hosts,
    // Dumps of a VM contain messages.
    ERL_CRASH_DUMP_SECONDS: '0',
    // The script then becomes the VM, so that there is one process to watch and to end.
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: node.name,
    RABBITMQ_USE_LONGNAME: 'true',
    RABBITMQ_DIST_PORT: String(node.ports.distribution),
    RABBITMQ_MNESIA_BASE: files.data,
    // That is its default, but `force_boot` of RabbitMQ 3.8 does not know it.
    RABBITMQ_MNESIA_DIR: join(files.data, node.name),
    RABBITMQ_LOG_BASE: files.log,
    // Later versions would not use the format of the configuration.
    ...(!hasLogCategories(node.version) && { RABBITMQ_LOGS: '-' }),
    RABBITMQ_CONFIG_FILE: files.configuration,
    RABBITMQ_ADVANCED_CONFIG_FILE: files.advanced,
    RABBITMQ_ENABLED_PLUGINS_FILE: files.plugins,
    RABBITMQ_GENERATED_CONFIG_DIR: files.generated,
    RABBITMQ_PLUGINS_EXPAND_DIR: files.expanded,
    RABBITMQ_PID_FILE: files.pid,
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      `-proto_dist inet_tls -ssl_dist_optfile ${files.distribution}`,
      `-kernel inet_dist_use_interface ${erlangAddress(node.address)}`,
      `+S ${schedulerCount}:${schedulerCount}`,
    ].join(' '),
  };
}
