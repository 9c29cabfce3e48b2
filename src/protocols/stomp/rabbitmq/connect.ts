// The CONNECT frame and its answer.

import type { Frame } from '../codec/frames.ts';
import type { Version } from '../codec/header-text.ts';
import { frameBytes } from '../codec/out-frames.ts';
import { idLengthMax } from '../limits.ts';
import { readHeartBeat } from '../opening.ts';
import { escapes, RabbitMqError } from './errors.ts';

const versions: readonly Version[] = ['1.2', '1.1', '1.0'];

/** What a CONNECT frame requests. */
export interface Connect {
  readonly version: Version;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly vhost: string;
  /** In milliseconds; 0 for none. */
  readonly sendMs: number;
  readonly expectMs: number;
}

/** An error that refuses a CONNECT frame. */
export function refusal(body: string, title = 'Bad CONNECT'): RabbitMqError {
  return new RabbitMqError('refused', title, body);
}

/**
 * Reads a CONNECT frame.
 *
 * @throws {RabbitMqError} `refused`
 */
export function readConnect({ headers }: Frame, defaultVhost: string): Connect {
  const offered = (headers.get('accept-version') ?? '1.0').split(',', 16);
  const version = versions.find((each) => offered.some((text) => text.trim() === each));
  if (version === undefined) {
    throw refusal('Supported versions are 1.0,1.1,1.2\n', 'Version mismatch');
  }
  const beats = readHeartBeat(headers.get('heart-beat'));
  if (beats === undefined) {
    const why = "the header 'heart-beat' has two numbers of milliseconds with a comma between\n";
    throw refusal(why, 'Processing error');
  }
  const vhost = headers.get('host') ?? defaultVhost;
  if (vhost.length > idLengthMax) {
    throw refusal(`the header 'host' has more than ${idLengthMax} characters\n`);
  }
  return {
    version,
    username: headers.get('login'),
    password: headers.get('passcode'),
    vhost,
    sendMs: wholeSeconds(beats.wantsMs),
    expectMs: wholeSeconds(beats.sendsMs),
  };
}

/** Whole seconds in milliseconds, at least one. */
function wholeSeconds(ms: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.floor(ms / 1000)) * 1000;
}

/** Encodes the answer. @param server undefined if it is hidden */
export function connectedFrame(
  { version, sendMs, expectMs }: Connect,
  session: string,
  server: string | undefined,
): Buffer {
  const headers = [
    ['server', server],
    ['session', session],
    ['heart-beat', `${sendMs},${expectMs}`],
    ['version', version],
  ] as const;
  return frameBytes('CONNECTED', headers, '', escapes);
}
