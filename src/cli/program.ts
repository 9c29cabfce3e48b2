// The command line: commands, options and error output.

import type { ChildProcess } from 'node:child_process';
import { Argument, Command, CommanderError, Option } from 'commander';
import { WaxwingError } from '../base/errors.ts';
import { logLevels } from '../base/log.ts';
import { enforceFips } from '../crypto/fips.ts';
import { dismissSpare, keepSpare } from '../engines/waxwing/spare-process.ts';
import { sourceForms } from '../server/root-key/source.ts';
import { anchorTypes, sensitiveNamesModes } from '../server/settings.ts';
import { isFipsWanted, needsFipsProcess } from './fips/fips-setting.ts';
import { endWithStarter } from './fips/starter.ts';
import { from } from './options/actions.ts';
import { checkDependentOptions } from './options/dependent-options.ts';
import { addHostOptions, addNodeCommands } from './options/node-commands.ts';
import { data, flag, number, option, profile, wholeNumber } from './options/options.ts';
import {
  addCertificateOptions,
  addPortOptions,
  addPublicOptions,
} from './options/public-options.ts';
import { rotatedSecrets } from './rotated-secrets.ts';
import { describeSystemError, isSystemError } from './system-error.ts';
import { addTransferCommands } from './transfer/commands.ts';
import { version } from './version.ts';

const memoryLimit = () =>
  option(
    '--memory-limit-mib <n>',
    'memory of a broker from which publishers are blocked',
  ).argParser(wholeNumber);

function sensitiveNames(): Option {
  return option('--sensitive-names <mode>', 'personal or secret data in names and tags')
    .choices(sensitiveNamesModes)
    .default('warn');
}

/**
 * Defines all commands with their arguments and options.
 *
 * @param isServing whether `serve` is the command, so that a start makes no others
 */
export function commandLine(isServing: boolean): Command {
  const all = new Command('waxwing')
    .description('A message broker service that encrypts all data at rest.')
    .version(version())
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError('(--help lists the valid options)');
  addServe(all);
  if (!isServing) addOthers(all);
  for (const command of all.commands) {
    // Evaluated before the program is loaded; see `isFipsWanted`.
    if (command.name() === 'aws') continue;
    for (const each of command.commands.length > 0 ? command.commands : [command]) {
      each.option('--fips', 'use only a FIPS provider', false);
    }
  }
  return all;
}

function addOthers(all: Command): void {
  all
    .command('env')
    .description('print shell exports for clients of the running service')
    .addOption(data())
    .addOption(profile())
    .option('--json', 'print a JSON object instead of shell commands', false)
    .addOption(
      new Option('--wait [seconds]', 'wait until the service answers')
        .argParser(wholeNumber)
        .preset(60)
        .default(0),
    )
    .action(from(() => import('./env.ts'), 'printEnvironment'));
  all
    .command('console')
    .description('print an address that signs a browser in to the web console, once')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./access/console.ts'), 'printConsole'));
  all
    .command('aws')
    .description('run the installed AWS CLI against the running service')
    .addOption(data())
    .argument('[args...]', "the AWS CLI's own arguments")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(from(() => import('./aws.ts'), 'runAws'));
  addStatusCommands(all);
  addInspectionCommands(all);
  addAccountCommands(all);
  addRootKeyCommands(all.command('root-key').description('show or change the root key'));
  addBackupCommands(all);
  addTransferCommands(all);
  addVolumeCommands(all.command('volume').description('show and change the keys of brokers'));
  addNodeCommands(all.command('node').description('manage hosts of the nodes of clusters'));
  addAuditCommands(all.command('audit').description('read and verify the audit trail'));
}

function addServe(all: Command): void {
  const serving = all
    .command('serve')
    .description('run the service in the foreground')
    .addOption(data())
    .addOption(option('--host <address>', 'address to listen on').default('127.0.0.1'))
    .addOption(number('--api-port <n>', 'port of the API; 0 selects a free port', 8443))
    .addOption(number('--amqps-port <n>', 'preferred port of brokers; 0 selects a free port', 5671))
    .addOption(option('--region <name>', 'region in ARNs; fixed at the first start'))
    .addOption(option('--account-id <digits>', '12 digits; fixed at the first start'))
    .addOption(flag('--no-default-broker', 'do not create the broker `default` at the first start'))
    .addOption(flag('--tls-parity', "only Amazon MQ's TLS 1.2 suites").default(false))
    .addOption(flag('--instance-limits', 'limits of RabbitMQ brokers by type').default(false))
    .addOption(number('--ldap-port <n>', 'port of the LDAP servers of brokers', 636))
    .addOption(option('--ldap-ca-file <file>', 'authorities of LDAP servers, PEM'))
    .addOption(option('--shovel-ca-file <file>', 'authorities of the servers of shovels, PEM'))
    .addOption(option('--arn-folder <folder>', 'files that ARNs in configurations name'))
    .addOption(number('--key-check-seconds <n>', 'interval of regular key checks', 3600))
    .addOption(number('--key-effect-delay <n>', 'seconds until a key change takes effect', 0))
    .addOption(memoryLimit())
    .addOption(number('--disk-reserve-mib <n>', 'disk space to keep free', 50))
    .addOption(flag('--record-failed-logins', 'record failed log-ins in the trail').default(false))
    .addOption(sensitiveNames())
    .addOption(option('--person-names <file>', 'names of persons to look for, one per line'))
    .option('--discard-broker-logs', 'create a new volume for the broker logs', false)
    .addOption(
      option('--log-level <level>', 'level of the log on standard error')
        .choices(logLevels)
        .default('warn'),
    )
    .action(from(() => import('./serve.ts'), 'serve'));
  addPublicOptions(serving);
  addTrailOptions(serving);
  addRemoteKmsOptions(serving);
  addSignInOptions(serving);
  addHostOptions(serving);
}

/** The options of single sign-on and of identity providers. */
function addSignInOptions(serving: Command): void {
  serving
    .addOption(option('--oidc-ca-file <file>', 'authorities of OIDC providers, PEM'))
    .addOption(option('--sso-url <url>', 'address of the sign-in pages; that of the API'))
    .addOption(option('--sso-issuer <url>', 'OIDC provider with which people sign in'))
    .addOption(option('--sso-client-id <id>', 'the id of this service at the provider'))
    .addOption(option('--sso-client-secret-file <file>', 'the secret of this service there'))
    .addOption(option('--sso-scopes <list>', 'scopes to ask for').default('openid profile email'));
}

/** The options of a KMS outside of the service. */
function addRemoteKmsOptions(serving: Command): void {
  serving
    .addOption(option('--remote-kms-region <name>', 'region of keys of brokers in AWS KMS'))
    .addOption(option('--remote-kms-principal <arn>', 'the grantee of grants on these keys'))
    .addOption(option('--remote-kms-endpoint <url>', 'endpoint of that KMS; that of AWS'))
    .addOption(option('--remote-kms-ca-file <file>', 'authorities of the endpoint, PEM'))
    .addOption(option('--remote-kms-profile <name>', 'profile with the credentials'))
    .addOption(
      number(
        '--remote-kms-grace-seconds <n>',
        'time without that KMS until brokers stop; 0: any',
        0,
      ),
    );
}

function addTrailOptions(serving: Command): Command {
  return serving
    .addOption(number('--trail-file-seconds <n>', 'interval of log files of trails', 300))
    .addOption(number('--trail-digest-seconds <n>', 'interval of digests of trails', 3600))
    .addOption(option('--trail-s3-buckets <names>', 'buckets to which files of trails are copied'))
    .addOption(option('--trail-s3-endpoint <url>', 'the service with these buckets; Amazon S3'))
    .addOption(option('--trail-s3-region <name>', 'its region').default('us-east-1'))
    .addOption(option('--trail-s3-ca-file <file>', 'authorities of that service, PEM'))
    .addOption(option('--trail-s3-profile <name>', 'profile with the credentials for it'))
    .addOption(option('--audit-anchor <url>', 'post the state of the trail there, by HTTPS'))
    .addOption(
      option(
        '--audit-anchor-type <type>',
        'what the anchor is: a server for JSON, or for time stamps',
      )
        .choices(anchorTypes)
        .default('json'),
    )
    .addOption(option('--audit-anchor-ca-file <file>', 'authorities of the anchor, PEM'))
    .addOption(number('--lookup-events-per-second <n>', 'LookupEvents calls; 0: no limit', 0));
}

/** The options of `serve` with which the machine is checked. */
function addPlaceOptions(command: Command): Command {
  return addPortOptions(addCertificateOptions(command))
    .addOption(data())
    .addOption(option('--host <address>', 'address to listen on').default('127.0.0.1'))
    .addOption(number('--api-port <n>', 'port of the API', 8443))
    .addOption(number('--amqps-port <n>', 'preferred port of brokers', 5671))
    .addOption(number('--disk-reserve-mib <n>', 'disk space to keep free', 50));
}

function addStatusCommands(all: Command): void {
  all
    .command('status')
    .description('list the brokers of the running service with their states')
    .addOption(data())
    .option('--profile <name>', 'profile of the AWS CLI to call as; the root user')
    .option('--json', 'print JSON instead of a table', false)
    .action(from(() => import('./status.ts'), 'status'));
  all
    .command('health')
    .description('exit with 0 if the service is ready')
    .addOption(data())
    .addOption(number('--api-port <n>', 'port of the API', 8443))
    .action(from(() => import('./health.ts'), 'health'));
  addPlaceOptions(
    all
      .command('doctor')
      .description('check the machine, the data folder and the running service')
      .option('--json', 'print JSON instead of text', false),
  ).action(from(() => import('./doctor/doctor.ts'), 'doctor'));
  addSupportBundle(all);
}

function addSupportBundle(all: Command): void {
  addPlaceOptions(
    all
      .command('support-bundle')
      .description('write versions, states, metrics and logs without secrets and names to a file')
      .argument('[file]', 'the file to write; waxwing-support-<date>.tar.gz')
      .addOption(
        new Option('--log-lines <n>', 'newest lines of each log of a broker')
          .argParser(wholeNumber)
          .default(1000),
      ),
  ).action(from(() => import('./support/support-bundle.ts'), 'supportBundle'));
}

function addInspectionCommands(all: Command): void {
  all
    .command('discover')
    .description('report kinds of personal and secret data in the messages of a broker')
    .argument('<broker>', 'the id or the name of a running broker')
    .addOption(data())
    .addOption(
      new Option('--messages <n>', 'messages of each queue to examine')
        .argParser(wholeNumber)
        .default(200),
    )
    .addOption(profile())
    .option('--json', 'print a JSON object instead of a table', false)
    .action(from(() => import('./discover.ts'), 'discover'));
  all
    .command('check')
    .description('verify the integrity of a stopped data folder, or of a backup')
    .argument('<dir>', 'the data folder, or the file of a backup')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./check.ts'), 'check'));
  all
    .command('drill')
    .description('check promises of SECURITY.md on throw-away services; without a name, list them')
    .argument('[names...]', 'the drills to run')
    .option('--all', 'run all drills', false)
    .option('--report <file>', 'write a report, as Markdown (.md) or JSON (.json)')
    .option('--record', 'have the running service record the results in its trail', false)
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./drill/drill-command.ts'), 'drill'));
}

function addAccountCommands(all: Command): void {
  all
    .command('init-admin')
    .description('create an administrator with a second factor, and example policies')
    .argument('<name>', 'the name of the new user')
    .addOption(data())
    .option('--password-stdin', 'read the password from standard input', false)
    .option('--profile <name>', 'the profile of the AWS CLI to write; by default <name>')
    .option('--print-key', 'print the access key instead of writing a profile', false)
    .action(from(() => import('./administrator/init-admin.ts'), 'initAdmin'));
  all
    .command('advise')
    .description('list what of the advice on data protection is not followed')
    .addOption(data())
    .addOption(profile())
    .option('--json', 'print a JSON object instead of text', false)
    .action(from(() => import('./advise.ts'), 'advise'));
  all
    .command('rotate')
    .description('replace a secret of the first start')
    .addArgument(new Argument('<secret>', 'which one').choices(rotatedSecrets))
    .addOption(data())
    .addOption(profile())
    .addOption(
      new Option('--overlap <seconds>', 'time for which the present metrics token stays valid')
        .argParser(wholeNumber)
        .default(0),
    )
    .action(from(() => import('./rotate.ts'), 'rotate'));
}

function addRootKeyCommands(rootKey: Command): void {
  rootKey
    .command('show')
    .description('print which root key the data folder has, and since when')
    .addOption(data())
    .option('--json', 'print a JSON object instead of text', false)
    .action(from(() => import('./root-key.ts'), 'rootKeyShow'));
  rootKey
    .command('change')
    .description('move the root key of a stopped data folder to another source')
    .argument('<source>', sourceForms)
    .addOption(data())
    .action(from(() => import('./root-key.ts'), 'rootKeyChange'));
}

function addBackupCommands(all: Command): void {
  all
    .command('backup')
    .description('write a backup of a broker or of the whole running service to a file')
    .argument('<names...>', 'the id or the name of a broker, unless --all is given; the file')
    .option('--all', 'back up the whole service', false)
    .option('--force', 'replace an existing file', false)
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/backup.ts'), 'backup'));
  all
    .command('restore')
    .description('restore a broker into the running service, or a service into a new data folder')
    .argument('<file>', 'the file of a backup')
    .option('--name <name>', 'the name of the restored broker')
    .option('--kms-key-id <key>', 'its KMS key, instead of that of the backup')
    .option('--not-before <time>', 'refuse a backup that was made before')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/restore.ts'), 'restore'));
}

function addVolumeCommands(volume: Command): void {
  const named = ['<broker>', 'the id or the name of a running broker'] as const;
  volume
    .command('show')
    .description('print the KMS key and the data keys of a broker')
    .argument(...named)
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/volume.ts'), 'showVolume'));
  volume
    .command('rewrap')
    .description('wrap the data keys of a broker under another KMS key')
    .argument(...named)
    .requiredOption('--kms-key-id <key>', 'id, ARN or alias of the KMS key')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/volume.ts'), 'rewrapVolume'));
  volume
    .command('rekey')
    .description('seal the data of a broker under a new data key')
    .argument(...named)
    .option('--background', 'do not wait for the end', false)
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/volume.ts'), 'rekeyVolume'));
  volume
    .command('rebuild')
    .description('create the volume of a node anew, filled from the other nodes of its cluster')
    .argument('<broker>', 'the id or the name of a cluster that cannot start')
    .argument('<volume>', 'the id of the volume; all data on it is given up')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./volumes/volume.ts'), 'rebuildVolume'));
}

function addAuditCommands(audit: Command): void {
  audit
    .command('head')
    .description('print the state of the trail, a value to keep on another machine')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./audit.ts'), 'auditHead'));
  audit
    .command('export')
    .description('write the files of all trails to a folder, without encryption')
    .argument('<dir>', 'a new folder')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./audit.ts'), 'auditExport'));
  audit
    .command('verify')
    .description('verify exported files of trails; requires no service')
    .argument('<dir>', 'a folder that `audit export` wrote')
    .option('--head <file>', 'output of `audit head`; its digests must be there')
    .option('--public-keys <file>', 'public keys, instead of those in the folder')
    .option('--from <time>', 'expect no digests from before this time')
    .option('--verbose', 'also list valid files', false)
    .action(from(() => import('./audit.ts'), 'auditVerify'));
  audit
    .command('service-events')
    .description('print the events of service-owned keys')
    .addOption(data())
    .addOption(profile())
    .action(from(() => import('./audit.ts'), 'auditServiceEvents'));
}

/**
 * Runs the command line. An expected error is printed in one line. The exit code is then 1, or 2 if
 * an argument or a setting is invalid.
 */
/** @param spare a process for the first broker that starts, started in this turn of the event loop */
export async function run(argv: readonly string[], spare?: ChildProcess): Promise<void> {
  if (spare !== undefined) keepSpare(spare);
  process.stdout.on('error', reportOutput);
  let dataFolder: string | undefined;
  try {
    if (needsFipsProcess(argv, process.env)) {
      const { runWithFips } = await import('./fips/run-with-fips.ts');
      await runWithFips(argv);
      return;
    }
    if (isFipsWanted(argv, process.env)) {
      endWithStarter();
      enforceFips();
    }
    const all = commandLine(argv[2] === 'serve');
    all.hook('preAction', (_, command) => {
      dataFolder = command.opts<{ data?: string }>().data;
      checkDependentOptions(command);
    });
    await all.parseAsync([...argv]);
  } catch (error) {
    report(error, dataFolder);
    // What waits for room on a full disk would keep a service that could not start.
    setTimeout(() => process.exit(), endMsMax).unref();
  } finally {
    dismissSpare();
  }
}

/** Time in which the process of a failed command may end by itself, milliseconds. */
const endMsMax = 1000;

/** Prints an expected error, and sets the exit code. */
function report(error: unknown, dataFolder?: string): void {
  process.exitCode = 1;
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof WaxwingError) {
    if (error.code === 'setting-invalid') process.exitCode = 2;
    process.stderr.write(`waxwing: ${error.message}\n`);
  } else if (isSystemError(error)) {
    process.stderr.write(`waxwing: ${describeSystemError(error, dataFolder)}\n`);
  } else throw error;
}

/** Commands that run until a signal ends them, whoever reads their output. */
const servers: readonly (string | undefined)[] = ['serve', 'node'];

/**
 * Ends a command with 1 if its output could not be written, which the console of Node ignores. A reader
 * such as `head` may have read enough.
 */
function reportOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || servers.includes(process.argv[2])) return;
  process.exitCode = 1;
  error.path = 'standard output';
  process.stderr.write(`waxwing: ${describeSystemError(error)}\n`);
}
