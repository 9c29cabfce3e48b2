// The main module of a broker process. It stops cleanly on request, and immediately if the service
// ends, so that the data key does not outlive the service.

import type { KeyObject } from 'node:crypto';
import { read } from 'node:fs';
import { keepCompiledCode } from '../../base/compiled-code.ts';
import { WaxwingError } from '../../base/errors.ts';
import {
  inlineMore,
  prepareForConnections,
  protectFiles,
  protectMemory,
} from '../../base/process.ts';
import { keyBytes, keyFromBytes } from '../../crypto/derive.ts';
import { enforceFips } from '../../crypto/fips.ts';
import { firstUses } from './first-uses.ts';
import { HostedBroker } from './hosted-broker.ts';
import { type FromBroker, keyDescriptor, type StartMessage, type ToBroker } from './messages.ts';

let broker: HostedBroker | undefined;

type PasswordMessage = Extract<ToBroker, { type: 'set-password' }>;
type DiscoverMessage = Extract<ToBroker, { type: 'discover' }>;
type VolumeMessage = Extract<ToBroker, { type: 'volume' }>;

function say(message: FromBroker, then: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, then);
}

function fail(error: unknown): void {
  if (!(error instanceof WaxwingError)) throw error;
  say({ type: 'failed', code: error.code, message: error.message }, () => process.exit(1));
}

/** Reads a data key and overwrites the buffer. */
function readKey(): Promise<KeyObject> {
  const bytes = Buffer.alloc(keyBytes);
  return new Promise((resolve, reject) => {
    const more = (at: number) => {
      read(keyDescriptor, bytes, at, keyBytes - at, null, (error, count) => {
        if (error !== null) reject(error);
        else if (count === 0) reject(new Error(`the data key ended after ${at} bytes`));
        else if (at + count < keyBytes) more(at + count);
        else resolve(keyFromBytes(bytes));
      });
    };
    more(0);
  });
}

async function start(message: StartMessage): Promise<void> {
  if (message.isFips) enforceFips();
  const newest = await readKey();
  const older = new Map<number, KeyObject>();
  for (const generation of message.olderGenerations) older.set(generation, await readKey());
  broker = await HostedBroker.open(
    message,
    { newest, older },
    {
      failed: fail,
      resealed: () => say({ type: 'resealed' }),
      alarmed: (alarms) => say({ type: 'alarmed', alarms }),
      log: (level, text, category) =>
        say({ type: 'log', level, text, ...(category && { category }) }),
      loginFailed: (failure, count) => say({ type: 'login-failed', failure, count }),
      accessed: (access) => say({ type: 'accessed', access }),
      inlines: (isMore) => {
        keepCompiledCode(); // while the flags are those of a start
        inlineMore(isMore);
      },
    },
  );
  keepCompiledCode();
  prepareForConnections();
  say({ type: 'running', ports: broker.ports });
}

async function stop(reason: string): Promise<void> {
  await broker?.close(reason);
  process.exit(0);
}

async function tellMetrics(): Promise<void> {
  say({ type: 'metrics', metrics: (await broker?.metrics()) ?? [] });
}

async function setPassword({ request, username, passwordHash }: PasswordMessage): Promise<void> {
  const isSet = (await broker?.setPassword(username, passwordHash)) ?? false;
  say({ type: 'password-set', request, isSet });
}

async function discover({ request, discovery }: DiscoverMessage): Promise<void> {
  try {
    say({ type: 'discovered', request, page: await broker?.discover(discovery) });
  } catch (error) {
    // The search failed, and not the broker.
    say({ type: 'log', level: 'error', text: `a search of messages failed: ${placeOf(error)}` });
    say({ type: 'discovered', request, page: undefined });
  }
}

async function callVolume({ request, call }: VolumeMessage): Promise<void> {
  const dataKey = call.kind === 'add-key' ? await readKey() : undefined;
  const gone = { failure: { code: 'log-failed', message: 'the broker is not running' } };
  say({ type: 'volume-done', request, answer: (await broker?.callVolume(call, dataKey)) ?? gone });
}

/** The type and the place of an error, without its text, which may contain a part of a message. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const lines = (error.stack ?? '').split('\n');
  return [error.name, ...lines.filter((line) => /^ {4}at /.test(line))].join('\n');
}

process.on('message', (message: ToBroker) => {
  switch (message.type) {
    case 'start':
      start(message).catch(fail);
      return;
    case 'stop':
      stop(message.reason).catch(fail);
      return;
    case 'certificates':
      broker?.showCertificates(message.certificates);
      return;
    case 'ping':
      say({ type: 'pong' });
      return;
    case 'metrics':
      tellMetrics().catch(fail);
      return;
    case 'set-password':
      setPassword(message).catch(fail);
      return;
    case 'discover':
      discover(message).catch(fail);
      return;
    case 'volume':
      callVolume(message).catch(fail);
  }
});
process.on('disconnect', () => process.exit(1));
// A terminal sends these signals to all processes of its group. The service decides when to stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
protectMemory();
protectFiles();
firstUses();
