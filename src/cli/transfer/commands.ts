// The commands that move everything of a broker to another one.

import { type Command, Option } from 'commander';
import { from } from '../options/actions.ts';
import { data, number, option, profile } from '../options/options.ts';

/** Defines `import`, `export` and `scale`. */
export function addTransferCommands(all: Command): void {
  const commands = [
    ['import', "move a RabbitMQ's definitions and messages to a broker of this service"],
    ['export', 'move the definitions and messages of a broker of this service to a RabbitMQ'],
  ] as const;
  for (const [name, description] of commands) {
    const command = all.command(name).description(description);
    for (const side of ['from', 'to']) {
      command
        .addOption(option(`--${side}-amqp <uri>`, 'amqps://user@host:5671').makeOptionMandatory())
        .addOption(option(`--${side}-management <url>`, 'https://host:15671').makeOptionMandatory())
        .addOption(
          option(
            `--${side}-password-file <file>`,
            'the password of the user',
          ).makeOptionMandatory(),
        )
        .addOption(option(`--${side}-ca-file <file>`, 'authorities besides the public ones, PEM'));
    }
    command
      .option('--definitions-file <file>', 'definitions, instead of those of the source')
      .option('--no-definitions', 'move messages only')
      .option('--no-messages', 'move definitions only')
      .option('--queues <pattern>', 'move messages of queues whose names match')
      .addOption(number('--prefetch <n>', 'messages in flight for each queue', 200))
      .addOption(number('--retry-seconds <n>', 'time without progress until it gives up', 60))
      .action(from(() => import('./transfer-command.ts'), 'transfer'));
  }
  addScaleCommand(all);
}

function addScaleCommand(all: Command): void {
  all
    .command('scale')
    .description('move a RabbitMQ broker to a cluster, or a cluster to a single broker')
    .argument('<broker>', 'the id or the name of a running broker')
    .addOption(new Option('--to <kind>', 'what it becomes').choices(['cluster', 'single']))
    .addOption(option('--user <name>', 'an administrator of the broker').makeOptionMandatory())
    .addOption(option('--password-file <file>', 'the password of the user').makeOptionMandatory())
    .option('--ca-file <file>', 'authorities of the brokers, PEM; that of the data folder')
    .option('--name <name>', 'the name of the new broker')
    .option('--host-instance-type <type>', 'of the new broker, instead of that of the old one')
    .option('--user-passwords-file <file>', 'passwords of other users, a JSON object by name')
    .option('--accept-differences', 'move although the new broker lacks something', false)
    .option('--plan', 'print the differences and change nothing', false)
    .option('--reopen', 'let clients connect to the broker again, and move nothing', false)
    .addOption(number('--prefetch <n>', 'messages in flight for each queue', 200))
    .addOption(number('--retry-seconds <n>', 'time without progress until it gives up', 60))
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./scale-command.ts'), 'scaleBroker'));
}
