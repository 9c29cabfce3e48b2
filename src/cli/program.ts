import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { WaxwingError } from '../base/errors.ts';
import { logLevels } from '../base/log.ts';
import { runAws } from './aws.ts';
import { check } from './check.ts';
import { printEnvironment } from './env.ts';
import { serve } from './serve.ts';
import { describeSystemError, isSystemError } from './system-error.ts';
import { version } from './version.ts';

/** An option that is also a variable of the environment: `--api-port` is `WAXWING_API_PORT`. */
function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(variableOf(made));
}

/** An option without a value. Its variable is as good as it is, unless it says that it is not. */
function flag(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const variable = variableOf(made);
  const value = process.env[variable];
  return value !== undefined && ['', '0', 'false', 'no'].includes(value)
    ? made
    : made.env(variable);
}

function variableOf({ long = '' }: Option): string {
  return `WAXWING_${long.replace(/^--/, '').toUpperCase().replaceAll('-', '_')}`;
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function number(flags: string, description: string, standard: number): Option {
  return option(flags, description).argParser(wholeNumber).default(standard);
}

const memoryLimit = () =>
  option(
    '--memory-limit-mib <n>',
    "publishers wait while their broker's process has more",
  ).argParser(wholeNumber);
const data = () => option('--data <dir>', 'the data folder').default('./waxwing-data');

function program(): Command {
  const all = new Command('waxwing')
    .description('A message broker service that seals everything it carries.')
    .version(version())
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(--help lists what is allowed)');
  all
    .command('serve')
    .description('run the service in the foreground')
    .addOption(data())
    .addOption(option('--host <address>', 'address to listen on').default('127.0.0.1'))
    .addOption(number('--api-port <n>', 'port of the API; 0: any free one', 8443))
    .addOption(number('--amqps-port <n>', 'port brokers take where it is free; 0: any', 5671))
    .addOption(option('--region <name>', 'region in ARNs; kept from the first start'))
    .addOption(option('--account-id <digits>', '12 digits; kept from the first start'))
    .addOption(flag('--no-default-broker', 'do not make the broker `default` at the first start'))
    .addOption(flag('--tls-parity', "only Amazon MQ's TLS 1.2 suites").default(false))
    .addOption(number('--key-check-seconds <n>', "look at each broker's key so often", 3600))
    .addOption(number('--key-effect-delay <n>', 'seconds until a key change is noticed', 0))
    .addOption(memoryLimit())
    .addOption(number('--disk-reserve-mib <n>', 'publishers wait while less is free', 50))
    .addOption(flag('--record-failed-logins', 'put failed log-ins into the trail').default(false))
    .option('--discard-broker-logs', "begin brokers' logs anew, where their volume is lost", false)
    .addOption(
      option('--log-level <level>', 'what is told on standard error')
        .choices(logLevels)
        .default('warn'),
    )
    .action(serve);
  all
    .command('env')
    .description('print shell exports by which clients reach the running service')
    .addOption(data())
    .option('--json', 'print a JSON object and not shell commands', false)
    .addOption(
      new Option('--wait [seconds]', 'wait until the service answers')
        .argParser(wholeNumber)
        .preset(60)
        .default(0),
    )
    .action(printEnvironment);
  all
    .command('aws')
    .description('run the installed AWS CLI against the running service')
    .addOption(data())
    .argument('[args...]', "the AWS CLI's own arguments")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(runAws);
  all
    .command('check')
    .description('prove that a stopped data folder is sound')
    .argument('<dir>', 'the data folder')
    .action(check);
  return all;
}

/**
 * Runs the command line. An expected failure is printed in one line. The exit code is then 1, or 2
 * where the command line or a setting is wrong.
 */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof WaxwingError) {
      if (error.code === 'setting-invalid') process.exitCode = 2;
      process.stderr.write(`waxwing: ${error.message}\n`);
    } else if (isSystemError(error)) {
      process.stderr.write(`waxwing: ${describeSystemError(error)}\n`);
    } else throw error;
  }
}
