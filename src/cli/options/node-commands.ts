// The commands and options for hosts of the nodes of clusters.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { logLevels } from '../../base/log.ts';
import { from } from './actions.ts';
import { data, number, option, profile, wholeNumber } from './options.ts';

/** The options of `waxwing serve` for hosts. */
export function addHostOptions(serving: Command): void {
  serving
    .addOption(option('--hosts-port <n>', 'port for hosts of nodes; 0: any').argParser(wholeNumber))
    .addOption(option('--node-address <ip>', 'address of this machine for its nodes'))
    .addOption(option('--zone <name>', 'zone of this machine'))
    .addOption(
      number('--host-lease-seconds <n>', 'time without the service until hosts end nodes', 600),
    )
    .addOption(
      number(
        '--replace-lost-hosts-after <n>',
        'seconds until nodes of a lost host move; 0: never',
        0,
      ),
    );
}

function nodeNumber(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 1 to 9.');
}

const hostData = () => option('--data <dir>', 'the folder of this host').default('./waxwing-node');
const logLevel = () =>
  option('--log-level <level>', 'level of the log on standard error')
    .choices(logLevels)
    .default('warn');

/** The commands `waxwing node …`. */
export function addNodeCommands(node: Command): void {
  node
    .command('token')
    .description('print a token with which one machine can join, once')
    .addOption(
      new Option('--lifetime <seconds>', 'time until it expires')
        .argParser(wholeNumber)
        .default(600),
    )
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('../node/hosts.ts'), 'printToken'));
  node
    .command('join')
    .description('make this machine a host of a service, and run its nodes')
    .argument('<url>', 'address of the service for hosts, https://…')
    .requiredOption('--token-file <file>', 'the file with the token; - for standard input')
    .requiredOption('--address <ip>', 'IPv4 address of this machine for its nodes')
    .option('--name <name>', 'its name; by default the host name')
    .addOption(option('--zone <name>', 'its zone').default('default'))
    .addOption(hostData())
    .addOption(logLevel())
    .action(from(() => import('../node/node.ts'), 'joinAndServe'));
  node
    .command('serve')
    .description('run the nodes of a machine that has joined')
    .addOption(hostData())
    .addOption(logLevel())
    .action(from(() => import('../node/node.ts'), 'serveNodes'));
  node
    .command('list')
    .description('list the hosts of the running service')
    .addOption(data())
    .addOption(profile())
    .option('--json', 'print a JSON object instead of a table', false)
    .action(from(() => import('../node/hosts.ts'), 'listHosts'));
  node
    .command('remove')
    .description('end the access of a host')
    .argument('<host>', 'its name or id')
    .option('--force', 'also if it has nodes, which stay down until they are replaced', false)
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('../node/hosts.ts'), 'removeHost'));
  node
    .command('replace')
    .description('give a node of a running cluster another host')
    .argument('<broker>', 'the id or the name of the broker')
    .argument('<node>', 'the number of the node', nodeNumber)
    .option('--host <name>', 'the host; by default the best one')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('../node/hosts.ts'), 'replaceNode'));
}
