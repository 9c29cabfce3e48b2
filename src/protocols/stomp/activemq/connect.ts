// The CONNECT frame and its answer.

import type { Frame } from '../codec/frames.ts';
import type { Version } from '../codec/header-text.ts';
import { frameBytes, type OutHeaders } from '../codec/out-frames.ts';
import { heartBeatMsMin, idLengthMax } from '../limits.ts';
import { readHeartBeat } from '../opening.ts';
import { ActiveMqError } from './errors.ts';

const versions: readonly Version[] = ['1.2', '1.1', '1.0'];

/** What a CONNECT frame requests. */
export interface Connect {
  readonly version: Version;
  readonly username: string | undefined;
  readonly password: string;
  /** Undefined if the client gives none. */
  readonly clientId: string | undefined;
  /** In milliseconds; 0 for none. */
  readonly sendMs: number;
  readonly expectMs: number;
  /** What the answer repeats. */
  readonly echoed: string | undefined;
}

/**
 * Reads a CONNECT frame.
 *
 * @param chosen called with the version, which also applies to the errors that follow
 * @throws {ActiveMqError} `refused`
 */
export function readConnect({ headers }: Frame, chosen: (version: Version) => void): Connect {
  const version = chooseVersion(headers.get('accept-version'));
  chosen(version);
  const beats = readBeats(headers.get('heart-beat'));
  return {
    version,
    username: headers.get('login'),
    password: headers.get('passcode') ?? '',
    clientId: readClientId(headers.get('client-id')),
    sendMs: version === '1.0' ? 0 : beats.sendMs,
    expectMs: version === '1.0' ? 0 : beats.expectMs,
    echoed: headers.get('request-id') ?? headers.get('receipt'),
  };
}

/** Encodes the answer. */
export function connectedFrame(
  { version, sendMs, expectMs, echoed }: Connect,
  clientId: string,
  engineVersion: string,
): Buffer {
  const answer: OutHeaders = [
    ['server', `ActiveMQ/${engineVersion}`],
    ['heart-beat', `${sendMs},${expectMs}`],
    ['session', oneLine(clientId)],
    ['response-id', echoed && oneLine(echoed)],
    ['receipt-id', echoed && oneLine(echoed)],
    ['version', version],
  ];
  return frameBytes('CONNECTED', answer, '', version);
}

/** CONNECTED is not escaped. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}

/** Returns the highest version that both sides support; 1.0 if the client names none. */
function chooseVersion(accepted: string | undefined): Version {
  if (accepted === undefined) return '1.0';
  const offered = accepted.split(',', 16).map((text) => text.trim());
  const found = versions.find((version) => offered.includes(version));
  if (found !== undefined) return found;
  const supported = `supported versions are: [${versions.join(', ')}]`;
  throw new ActiveMqError(
    'refused',
    `Invalid Protocol version[${accepted}], ${supported}`,
    'protocol',
  );
}

/** Reads the heart-beats of the client, from this side's view. */
function readBeats(text: string | undefined): Pick<Connect, 'sendMs' | 'expectMs'> {
  const found = readHeartBeat(text);
  if (found === undefined) {
    throw new ActiveMqError('refused', `Invalid heart-beat header:${text}`);
  }
  return { sendMs: atLeastMin(found.wantsMs), expectMs: atLeastMin(found.sendsMs) };
}

function atLeastMin(ms: number): number {
  return ms === 0 ? 0 : Math.max(ms, heartBeatMsMin);
}

function readClientId(text: string | undefined): string | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (text.length <= idLengthMax) return text;
  const found = `A client id of ${text.length} characters`;
  throw new ActiveMqError('refused', `${found} is longer than the maximum of ${idLengthMax}`);
}
