// The commands `waxwing import` and `waxwing export`.

import { readFile } from 'node:fs/promises';
import { systemClock } from '../../base/clock.ts';
import { readAuthorities, readSmallFile } from '../../server/sign-in/small-file.ts';
import { type BrokerAccess, brokerAccess } from '../../transfer/moving/access.ts';
import { type MoveResult, move } from '../../transfer/moving/move.ts';
import { CliError } from '../errors.ts';
import { CountLine } from './count-line.ts';
import { interruptible } from './interruptible.ts';
import { mib, reportDefinitions, reportOthers, reportTotal } from './report.ts';

/** The options of both commands, under the names that the argument parser gives them. */
export interface TransferOptions {
  readonly fromAmqp: string;
  readonly fromManagement: string;
  readonly fromPasswordFile: string;
  readonly fromCaFile?: string;
  readonly toAmqp: string;
  readonly toManagement: string;
  readonly toPasswordFile: string;
  readonly toCaFile?: string;
  /** A file with definitions, instead of those of the source. */
  readonly definitionsFile?: string;
  readonly definitions: boolean;
  readonly messages: boolean;
  /** A regular expression. */
  readonly queues?: string;
  readonly prefetch: number;
  readonly retrySeconds: number;
}

/**
 * Moves definitions and messages from one broker to another.
 *
 * @throws {CliError} `input-invalid`, `interrupted`, `transfer-incomplete`
 * @throws {TransferError}
 * @throws {ServerError} `setting-invalid` for files that cannot be read
 */
export async function transfer(options: TransferOptions): Promise<void> {
  const source = await accessOf('from', options);
  const target = await accessOf('to', options);
  const definitions = await readDefinitions(options.definitionsFile);
  const pattern = patternOf(options.queues);
  const line = new CountLine(process.stderr, () => systemClock.monotonicMs());
  const interruption = interruptible();
  try {
    const result = await move({
      source,
      target,
      definitions,
      hasDefinitions: options.definitions,
      hasMessages: options.messages,
      matches: (_, name) => pattern === undefined || pattern.test(name),
      prefetchCount: options.prefetch,
      retryMsMax: options.retrySeconds * 1000,
      clock: systemClock,
      interruption: interruption.signal,
      progress: ({ messageCount }, expectedCount) => line.show(messageCount, expectedCount),
      failed: (reason) => {
        line.clear();
        console.error(`${reason}; trying again`);
      },
    });
    line.clear();
    report(result);
    end(result, interruption.signal.aborted);
  } finally {
    line.clear();
    interruption.end();
  }
}

async function accessOf(side: 'from' | 'to', options: TransferOptions): Promise<BrokerAccess> {
  const amqp = options[`${side}Amqp`];
  const management = options[`${side}Management`];
  const file = options[`${side}PasswordFile`];
  const caFile = options[`${side}CaFile`];
  const password = (await readSmallFile(`--${side}-password-file`, file)).replace(/\r?\n$/, '');
  const authorities =
    caFile === undefined ? [] : [await readAuthorities(`--${side}-ca-file`, caFile)];
  return brokerAccess(side, { amqp, management, password, authorities }, systemClock);
}

async function readDefinitions(file: string | undefined) {
  if (file === undefined) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CliError('input-invalid', `${file} is not JSON`, { cause });
  }
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, 'u');
  } catch (cause) {
    throw new CliError('input-invalid', `--queues ${text} is not a regular expression`, { cause });
  }
}

function report({ definitions, queues, total, left, others }: MoveResult): void {
  if (definitions !== undefined) reportDefinitions(definitions);
  for (const { vhost, name, messageCount, bytes } of queues) {
    console.log(`${name} in ${vhost}: ${messageCount} messages, ${mib(bytes)}`);
  }
  reportTotal(total, `of ${queues.length} queues moved`);
  reportOthers(others);
  for (const { vhost, name, reason } of left) {
    console.error(`${name} in ${vhost}: not moved completely: ${reason}`);
  }
}

function end({ definitions, left }: MoveResult, isInterrupted: boolean): void {
  if (isInterrupted) {
    throw new CliError('interrupted', 'interrupted; run the same command again to continue');
  }
  const refusedCount = definitions?.refused.length ?? 0;
  if (refusedCount + left.length === 0) return;
  const text = `${refusedCount} definitions were refused and ${left.length} queues are not empty`;
  throw new CliError('transfer-incomplete', text);
}
