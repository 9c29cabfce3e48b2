// RabbitMQ as a measured broker.

import { ensureDebianRoot, packageVersion } from './debian-packages.ts';
import type { RootPorts, RootProgram } from './rooted-peer.ts';

/** A plugin of RabbitMQ that is switched on, with its lines of rabbitmq.conf. */
export interface Plugin {
  readonly name: string;
  readonly configuration: string;
}

/**
 * A RabbitMQ of a Debian release: `bookworm` has 3.10, `trixie` 4.0.
 *
 * @param plugins none by default, as RabbitMQ is installed
 */
export async function rabbitMq(
  name: string,
  cacheFolder: string,
  codename: string,
  plugins: readonly Plugin[] = [],
): Promise<RootProgram> {
  const root = await ensureDebianRoot(cacheFolder, codename);
  const rabbit = await packageVersion(root, 'rabbitmq-server');
  const erlang = await packageVersion(root, 'erlang-base');
  return {
    version: `RabbitMQ ${rabbit}, Erlang ${erlang}`,
    root,
    processName: 'beam.smp',
    files: (ports) => ({
      enabled_plugins: `[${plugins.map((plugin) => plugin.name).join()}].\n`,
      'rabbitmq.conf': [configuration(ports), ...plugins.map((one) => one.configuration)].join(''),
    }),
    command: () => ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
    environment: ({ others: [cluster, names] }) => ({
      RABBITMQ_NODENAME: `${name}@localhost`,
      RABBITMQ_CONFIG_FILE: '/bench/rabbitmq',
      RABBITMQ_ENABLED_PLUGINS_FILE: '/bench/enabled_plugins',
      RABBITMQ_MNESIA_BASE: '/bench-data/mnesia',
      RABBITMQ_LOG_BASE: '/bench-data/log',
      RABBITMQ_DIST_PORT: String(cluster),
      ERL_EPMD_PORT: String(names),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2',
    }),
  };
}

const configuration = (ports: RootPorts) => `listeners.tcp.1 = 127.0.0.1:${ports.plain}
listeners.ssl.1 = 127.0.0.1:${ports.tls}
ssl_options.cacertfile = /bench/ca.pem
ssl_options.certfile = /bench/server.pem
ssl_options.keyfile = /bench/server.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
ssl_options.versions.1 = tlsv1.3
ssl_options.ciphers.1 = TLS_AES_256_GCM_SHA384
log.console = false
log.file = rabbit.log
log.file.level = warning
`;
