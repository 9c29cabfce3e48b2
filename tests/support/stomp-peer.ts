// A STOMP client and its broker in this process.

import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { stompForActiveMq } from '../../src/protocols/stomp/activemq/protocol.ts';
import { unescapeHeader, type Version } from '../../src/protocols/stomp/codec/header-text.ts';
import { openParts, PeerBroker } from './peer-broker.ts';
import { PeerTransport } from './peer-transport.ts';

/** A frame as a client has received it. */
export interface ReceivedFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const formats = [amqp091Format, stompFormat];

/** A broker's parts, for STOMP over a log in memory that syncs when a test says so. */
export class StompBroker extends PeerBroker {
  /** @param before the broker whose log this one takes over, as after a crash */
  static async open(
    limits: Partial<Limits> = {},
    before?: StompBroker,
    more: Partial<BrokerOptions> = {},
  ): Promise<StompBroker> {
    const parts = await openParts(limits, before, { formats, turnMs: () => 0, ...more });
    return new StompBroker(parts);
  }

  /** A client that has logged in. */
  async client(headers: Readonly<Record<string, string>> = {}): Promise<StompPeer> {
    const peer = new StompPeer(this.broker);
    await peer.connect(headers);
    peer.take();
    return peer;
  }
}

/** A client in this process: what it sends is received at once, what it is sent is kept. */
export class StompPeer extends PeerTransport {
  version: Version = '1.2';

  constructor(broker: Broker, protocol: Protocol = stompForActiveMq(broker)) {
    super(protocol);
  }

  /** Logs in as `bob`; what comes back stays to be taken. */
  async connect(headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = { 'accept-version': '1.0,1.1,1.2', login: 'bob', passcode: 'secret', ...headers };
    this.send('CONNECT', all);
    await new Promise(setImmediate);
    this.connection.flush();
    const version = /\nversion:(1\.[012])\n/.exec(Buffer.concat(this.received).toString())?.[1];
    this.version = (version ?? '1.2') as Version; // by the pattern
  }

  /** Sends a frame; headers are written as they are. */
  send(command: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    this.receive(textFrame(command, headers, body));
  }

  receive(text: string | Buffer): void {
    this.connection.receive(Buffer.from(text));
    this.connection.flush();
  }

  /** Frames that have come since the last look. */
  take(): ReceivedFrame[] {
    this.connection.flush();
    return readFrames(Buffer.concat(this.received.splice(0)), this.version);
  }

  /** Bodies of the messages among them. */
  bodies(): string[] {
    return this.take().flatMap(({ command, body }) => (command === 'MESSAGE' ? [body] : []));
  }

  /** Sends a frame and returns what came back. */
  call(
    command: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): ReceivedFrame[] {
    this.send(command, headers, body);
    return this.take();
  }
}

/** A frame's bytes; headers are written as they are. */
export function textFrame(
  command: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

/** Cuts what a server has written into frames, strictly. */
export function readFrames(bytes: Buffer, version: Version): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 10) {
      at++;
      continue;
    }
    const headEnd = bytes.indexOf('\n\n', at);
    if (headEnd < 0) throw new Error(`a frame has no end: ${bytes.toString('utf8', at)}`);
    const [command = '', ...lines] = bytes.toString('utf8', at, headEnd).split('\n');
    const headers = readHeaders(lines, command === 'CONNECTED' ? '1.0' : version);
    const length = headers['content-length'];
    const start = headEnd + 2;
    const end = length === undefined ? bytes.indexOf(0, start) : start + Number(length);
    if (bytes[end] !== 0) throw new Error(`a body does not end with NUL: ${command}`);
    frames.push({ command, headers, body: bytes.toString('utf8', start, end) });
    at = end + 1;
  }
  return frames;
}

/** The first of repeated headers applies. */
function readHeaders(lines: readonly string[], version: Version): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = unescapeHeader(line.slice(0, colon), version);
    if (!Object.hasOwn(headers, name)) {
      headers[name] = unescapeHeader(line.slice(colon + 1), version);
    }
  }
  return headers;
}
