// The command `waxwing scale`.

import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { askEnvironment } from '../../server/environment.ts';
import { readAuthorities, readSmallFile } from '../../server/sign-in/small-file.ts';
import { ManagementClient } from '../../transfer/moving/management-client.ts';
import { listQueues } from '../../transfer/moving/queues.ts';
import { claim, replaced } from '../../transfer/scaling/claim.ts';
import { openToClients } from '../../transfer/scaling/closing.ts';
import {
  type Difference,
  differencesOf,
  type ScaledKind,
  type ScalingFacts,
} from '../../transfer/scaling/differences.ts';
import { rowsOf, type ScaledBroker } from '../../transfer/scaling/mover.ts';
import { movedTo, type ScaleResult, scale } from '../../transfer/scaling/scale.ts';
import { type AccessOptions, accessOf } from '../access/access.ts';
import { CliError } from '../errors.ts';
import { printable } from '../printable.ts';
import { CountLine } from './count-line.ts';
import { interruptible } from './interruptible.ts';
import { reportDefinitions, reportOthers, reportTotal } from './report.ts';
import { type BrokerDescription, interrupted, ScaledBrokers } from './scaled-brokers.ts';

/** The options of `waxwing scale`, under the names that the argument parser gives them. */
export interface ScaleCommandOptions extends AccessOptions {
  readonly to?: ScaledKind;
  /** An administrator of the broker, who is created at the new one. */
  readonly user: string;
  readonly passwordFile: string;
  /** Authorities of the brokers, PEM; those of the service of the data folder by default. */
  readonly caFile?: string;
  readonly name?: string;
  readonly hostInstanceType?: string;
  readonly userPasswordsFile?: string;
  readonly acceptDifferences: boolean;
  /** Whether only the differences are printed. */
  readonly plan: boolean;
  /** Whether clients may use the old broker again, and nothing is moved. */
  readonly reopen: boolean;
  readonly prefetch: number;
  readonly retrySeconds: number;
}

/** What all steps need. */
interface Command {
  readonly options: ScaleCommandOptions;
  readonly to: ScaledKind;
  readonly brokers: ScaledBrokers;
  readonly description: BrokerDescription;
  readonly source: ScaledBroker;
  readonly password: string;
  readonly authority: string;
}

/**
 * Moves everything of a broker to a new one of another kind.
 *
 * @param named its id or name
 * @throws {CliError} `input-invalid`, `differences-found`, `transfer-incomplete`, `interrupted`,
 *   `call-failed`
 * @throws {TransferError}
 * @throws {ServerError} for files that cannot be read, and if the service does not run
 */
export async function scaleBroker(named: string, options: ScaleCommandOptions): Promise<void> {
  const { to } = options;
  if (to === undefined) throw invalid('--to cluster or --to single is missing');
  const password = await readPassword(options);
  const access = await accessOf(options);
  const brokers = new ScaledBrokers(access);
  const found = await brokers.source(named, to);
  const { hostInstanceType = found.hostInstanceType } = options;
  const description = { ...found, hostInstanceType };
  const authority = await readAuthority(options);
  const source = scaledBroker(description, options.user, password, authority);
  const command = { options, to, brokers, description, source, password, authority };
  if (options.plan && !options.reopen) return run(command, new AbortController().signal);
  const held = await claim(source.management, systemClock, () => {
    console.log('another command has begun to move this broker; its end is checked for 10 s');
  });
  try {
    if (options.reopen) await reopen(command);
    else await run(command, held.lost);
  } catch (error) {
    throw held.lost.aborted ? replaced(error) : error;
  } finally {
    await held.release().catch(() => {}); // the next command finds that it has ended
  }
}

async function reopen({ to, source, description }: Command): Promise<void> {
  const kind = to === 'cluster' ? 'single' : 'cluster';
  const wasClosed = await openToClients(kind, source.management);
  const text = wasClosed ? 'lets clients connect again' : 'was open to clients';
  console.log(`broker '${printable(description.brokerName)}' ${text}`);
}

async function run(command: Command, lost: AbortSignal): Promise<void> {
  const { options, to, brokers, description, source } = command;
  const passwords = await readPasswords(options.userPasswordsFile);
  const name = options.name ?? `${description.brokerName}-${to}`;
  const movedBefore = await movedTo(source);
  const existing = await brokers.replacement(description, name, to);
  if (movedBefore !== undefined && existing === undefined) {
    const why = `its clients have moved to ${movedBefore}, but there is no broker '${name}'`;
    throw invalid(`${why}; state its --name, or --reopen`);
  }
  const facts = await factsOf(command, existing, new Set([options.user, ...passwords.keys()]));
  const isResumed = movedBefore !== undefined;
  if (!isResumed && !judged(differencesOf(facts), options)) return;
  const interruption = interruptible();
  const ended = AbortSignal.any([interruption.signal, lost]);
  const line = new CountLine(process.stderr, () => systemClock.monotonicMs());
  const say = (text: string) => {
    line.clear();
    console.log(text);
  };
  try {
    const target = await targetOf(command, name, existing, facts, ended);
    if (movedBefore !== undefined && movedBefore !== target.endpoint) {
      say(`the endpoint of '${printable(name)}' has changed from ${movedBefore}`);
    }
    const result = await scale({
      source,
      target,
      from: to === 'cluster' ? 'single' : 'cluster',
      facts,
      isResumed,
      passwords,
      acceptsDifferences: options.acceptDifferences,
      prefetchCount: options.prefetch,
      retryMsMax: options.retrySeconds * 1000,
      clock: systemClock,
      interruption: ended,
      progress: ({ messageCount }, expectedCount) => line.show(messageCount, expectedCount),
      failed: (reason) => {
        line.clear();
        console.error(`${reason}; trying again`);
      },
      step: say,
      copied: reportDefinitions,
    });
    line.clear();
    if (lost.aborted) throw replaced();
    report(result, interruption.signal.aborted, target.endpoint);
  } finally {
    line.clear();
    interruption.end();
  }
}

async function factsOf(
  { to, brokers, description, source: { management } }: Command,
  existing: BrokerDescription | undefined,
  users: ReadonlySet<string>,
): Promise<ScalingFacts> {
  const { engineVersion, brokerInstances = [] } = description;
  const [definitions = {}] = rowsOf([await management.get('/definitions')]);
  return {
    to,
    sourceVersion: engineVersion,
    targetVersion: existing?.engineVersion ?? (await brokers.versionFor(description, to)),
    definitions,
    queues: await listQueues(management, () => true),
    endpoints: brokerInstances.flatMap(({ endpoints = [] }) => endpoints),
    isConfigured: await brokers.isConfigured(description),
    users,
  };
}

/**
 * Prints the differences.
 *
 * @returns whether to go on
 * @throws {CliError} `differences-found`
 */
function judged(
  differences: readonly Difference[],
  { plan, acceptDifferences }: ScaleCommandOptions,
): boolean {
  for (const { subject, effect, isObstacle } of differences) {
    console.log(`${isObstacle ? 'obstacle' : 'difference'}: ${printable(`${subject} ${effect}`)}`);
  }
  if (plan) {
    console.log(differences.length === 0 ? 'no differences' : 'nothing was changed');
    return false;
  }
  const obstacleCount = differences.filter(({ isObstacle }) => isObstacle).length;
  if (obstacleCount > 0) {
    const text = `${obstacleCount} obstacles must be removed first; nothing was changed`;
    throw new CliError('differences-found', text);
  }
  if (differences.length === 0 || acceptDifferences) return true;
  const text = `${differences.length} differences, see above; nothing was changed`;
  throw new CliError('differences-found', `${text}. --accept-differences moves nevertheless`);
}

async function targetOf(
  { options, to, brokers, description, password, authority }: Command,
  name: string,
  existing: BrokerDescription | undefined,
  { targetVersion: engineVersion }: ScalingFacts,
  interruption: AbortSignal,
): Promise<ScaledBroker> {
  const { user: username } = options;
  let id = existing?.brokerId;
  if (id === undefined) {
    console.log(`broker '${printable(name)}' of RabbitMQ ${engineVersion} is created`);
    id = await brokers.create(description, { name, to, engineVersion, username, password });
  }
  const running = await brokers.running(id, interruption);
  return scaledBroker(running, username, password, authority);
}

function scaledBroker(
  { brokerName, brokerInstances = [] }: BrokerDescription,
  username: string,
  password: string,
  authority: string,
): ScaledBroker {
  const [instance] = brokerInstances;
  const endpoint = instance?.endpoints?.find((each) => each.startsWith('amqps://'));
  const console = instance?.consoleURL;
  if (endpoint === undefined || console === undefined) {
    throw new CliError('call-failed', `broker '${brokerName}' has no addresses`);
  }
  const authorities = [authority];
  const access = { url: new URL(console), username, password, authorities };
  return {
    management: new ManagementClient(access, systemClock),
    endpoint: endpoint.replace(/\/$/, ''),
    username,
    authorities,
  };
}

function report({ total, left, others }: ScaleResult, isInterrupted: boolean, to: string): void {
  reportTotal(total, 'moved');
  reportOthers(others);
  for (const { vhost, name, reason } of left) {
    console.error(`${name} in ${vhost}: not moved completely: ${reason}`);
  }
  if (isInterrupted) throw interrupted();
  if (left.length > 0) {
    const why = `${left.length} queues are not empty; run the same command again`;
    throw new CliError('transfer-incomplete', why);
  }
  console.log(`clients connect to ${to}; the old broker refuses them, and can be deleted`);
}

async function readPassword({ passwordFile }: ScaleCommandOptions): Promise<string> {
  return (await readSmallFile('--password-file', passwordFile)).replace(/\r?\n$/, '');
}

async function readAuthority({ caFile, data, profile }: ScaleCommandOptions): Promise<string> {
  if (caFile !== undefined) return readAuthorities('--ca-file', caFile);
  if (profile !== undefined) throw invalid('--ca-file is missing, which --profile needs');
  const { WAXWING_CA_FILE = '' } = await askEnvironment(resolve(data));
  return readAuthorities('WAXWING_CA_FILE', WAXWING_CA_FILE);
}

/** @throws {CliError} `input-invalid`; the text has nothing of the file */
async function readPasswords(file: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (file === undefined) return new Map();
  const text = await readSmallFile('--user-passwords-file', file);
  const entries = Object.entries(objectIn(file, text));
  const isValid = entries.every(([, each]) => typeof each === 'string' && each !== '');
  if (!isValid) throw invalid(`${file} has a value that is not a password`);
  return new Map(entries as [string, string][]);
}

function objectIn(file: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The error of the parser has a part of the text.
  }
  throw invalid(`${file} is not a JSON object with a password by user name`);
}

function invalid(why: string): CliError {
  return new CliError('input-invalid', why);
}
