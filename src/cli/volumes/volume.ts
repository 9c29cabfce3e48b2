// The commands `waxwing volume rewrap`, `rekey`, `rebuild` and `show`.

import { systemClock } from '../../base/clock.ts';
import { type AccessOptions, accessOf } from '../access/access.ts';
import { type ApiAccess, callApi } from '../access/call-api.ts';
import { CliError } from '../errors.ts';
import { ProgressLine } from '../progress-line.ts';

/**
 * Milliseconds between two questions about the progress, which grow: the audit trail records each.
 */
const pollMs = { first: 250, last: 15_000, growth: 1.5 };

/** The options of `waxwing volume rewrap`, under the names that the argument parser gives them. */
export interface RewrapOptions extends AccessOptions {
  /** The KMS key: id, ARN, or alias. */
  readonly kmsKeyId: string;
}

/** The options of `waxwing volume rekey`. */
export interface RekeyOptions extends AccessOptions {
  /** Whether to return at once, while the data is still sealed again. */
  readonly background: boolean;
}

interface BrokerAnswer {
  readonly brokerId: string;
  readonly brokerName: string;
  readonly kmsKeyId: string;
  readonly newKmsKeyId?: string;
  readonly isRekeying: boolean;
}

interface Description {
  readonly broker: BrokerAnswer;
  readonly volumes: readonly {
    readonly volumeId: string;
    readonly generation: number;
    readonly olderGenerations: readonly number[];
    readonly olderBytes: number;
    readonly totalBytes: number;
  }[];
}

/**
 * Changes the KMS key of a running broker.
 *
 * @param named its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function rewrapVolume(named: string, options: RewrapOptions): Promise<void> {
  const access = await accessOf(options);
  const { kmsKeyId } = options;
  const asked = (await call(access, named, 'volume/rewrap', { kmsKeyId })) as BrokerAnswer;
  const wanted = asked.newKmsKeyId;
  let { broker } = await describe(access, asked.brokerId);
  const pause = pauses();
  while (broker.newKmsKeyId !== undefined) {
    await pause();
    ({ broker } = await describe(access, asked.brokerId));
  }
  if (broker.kmsKeyId !== wanted) {
    const what = `the KMS key of broker ${broker.brokerName} is still ${broker.kmsKeyId}`;
    throw new CliError('call-failed', `${what}: the new key could not be used; see its log`);
  }
  console.log(`Broker ${broker.brokerName}: its data keys are wrapped under ${broker.kmsKeyId}.`);
}

/**
 * Seals the data of a running broker under a new data key, and shows the progress.
 *
 * @param named its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function rekeyVolume(named: string, options: RekeyOptions): Promise<void> {
  const access = await accessOf(options);
  const asked = (await call(access, named, 'volume/rekey', {})) as BrokerAnswer;
  if (options.background) {
    console.log(`Broker ${asked.brokerName}: its data is being sealed under a new data key.`);
    return;
  }
  const line = new ProgressLine(process.stderr, () => systemClock.monotonicMs());
  const pause = pauses();
  let total = 0;
  let found = await describe(access, asked.brokerId);
  while (found.broker.isRekeying) {
    const left = sum(found.volumes.map(({ olderBytes }) => olderBytes));
    total = Math.max(total, left);
    line.show(found.broker.brokerName, total - left, total);
    await pause();
    found = await describe(access, asked.brokerId);
  }
  line.clear();
  const keys = found.volumes.map(({ generation }) => generation).join(', ');
  console.log(`Broker ${asked.brokerName}: all data is sealed under data key ${keys}.`);
}

/**
 * Begins to create a volume of a cluster again.
 *
 * @param named its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function rebuildVolume(
  named: string,
  volumeId: string,
  options: AccessOptions,
): Promise<void> {
  const access = await accessOf(options);
  const { brokerName } = (await call(access, named, 'volume/rebuild', {
    volumeId,
  })) as BrokerAnswer;
  const text = `volume ${volumeId} is created again and filled from the others`;
  console.log(`Broker ${brokerName}: ${text}. The broker is RUNNING when that is done.`);
}

/**
 * Prints the data keys of a running broker.
 *
 * @param named its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function showVolume(named: string, options: AccessOptions): Promise<void> {
  const found = await describe(await accessOf(options), named);
  const { brokerName, kmsKeyId, newKmsKeyId } = found.broker;
  console.log(`Broker ${brokerName}: KMS key ${kmsKeyId}`);
  if (newKmsKeyId !== undefined) console.log(`  being changed to ${newKmsKeyId}`);
  for (const { volumeId, generation, olderGenerations, ...sizes } of found.volumes) {
    const older = olderGenerations.length === 0 ? 'no older ones' : `older: ${olderGenerations}`;
    const { olderBytes, totalBytes } = sizes;
    const left = `${inMib(olderBytes)} of ${inMib(totalBytes)} MiB under older ones`;
    console.log(`  volume ${volumeId}: data key ${generation} (${older}), ${left}`);
  }
}

async function describe(access: ApiAccess, named: string): Promise<Description> {
  return (await call(access, named, 'volume', {})) as Description;
}

async function call(
  access: ApiAccess,
  named: string,
  path: string,
  input: object,
): Promise<object> {
  const url = `/waxwing/v1/brokers/${encodeURIComponent(named)}/${path}`;
  const answer = await callApi(access, 'waxwing-administration', url, input);
  if (typeof answer === 'object' && answer !== null) return answer;
  throw new CliError('call-failed', 'the answer of the service is not an object');
}

function pauses(): () => Promise<void> {
  let ms = pollMs.first;
  return () => {
    const waitMs = ms;
    ms = Math.min(ms * pollMs.growth, pollMs.last);
    return new Promise((resolve) => setTimeout(resolve, waitMs));
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function inMib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
