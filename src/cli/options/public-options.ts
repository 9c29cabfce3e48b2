// The options of `waxwing serve` for clients on other machines.

import type { Command } from 'commander';
import { flag, names, number, option, portRange, sharedPorts } from './options.ts';

/** Adds the options to the command. */
export function addPublicOptions(serving: Command): void {
  addPortOptions(addAcmeOptions(addCertificateOptions(serving)))
    .addOption(
      option(
        '--proxy-protocol <networks>',
        'addresses of proxies with the PROXY protocol',
      ).argParser(names),
    )
    .addOption(flag('--aws-host-names', 'names of brokers as in Amazon MQ').default(false));
}

/** Adds the options of the ports of brokers. */
export function addPortOptions(command: Command): Command {
  return command
    .addOption(
      option('--broker-ports <first-last>', 'the ports of brokers; any').argParser(portRange),
    )
    .addOption(
      option('--shared-ports <list>', 'ports that all brokers share, like amqps=5671').argParser(
        sharedPorts,
      ),
    );
}

/** Adds the options of the certificate for the public names. */
export function addCertificateOptions(command: Command): Command {
  return command
    .addOption(
      option('--public-host <name>', 'name by which clients reach it; repeatable').argParser(names),
    )
    .addOption(option('--tls-certificate <file>', 'certificate chain for the public names, PEM'))
    .addOption(option('--tls-key <file>', 'its private key, PEM'))
    .addOption(option('--tls-key-passphrase-file <file>', 'the passphrase of this key'));
}

function addAcmeOptions(serving: Command): Command {
  return serving
    .addOption(option('--acme-directory <url>', 'authority that issues the certificate by ACME'))
    .addOption(option('--acme-email <address>', 'where that authority reports problems'))
    .addOption(flag('--acme-agree-tos', 'agree to its terms of service').default(false))
    .addOption(option('--acme-ca-file <file>', "authorities of its server's certificate, PEM"))
    .addOption(number('--acme-http-port <n>', 'port that answers its challenges', 80));
}
