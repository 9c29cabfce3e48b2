// What clients do, for a comparison of two brokers.

import { textFrame } from '../../support/stomp-peer.ts';
import { type Answer, type Connect, countFrames, type Wire } from './wires.ts';

/** What the clients of a scenario were sent, in order. */
export interface Recording {
  readonly lines: string[];
  readonly answers: Answer[];
}

/** A client that records what it is sent. */
export class Player {
  readonly #wire: Wire;
  readonly #own: Recording;
  readonly #other: Recording | undefined;
  readonly #name: string;
  #last = '';

  /** @param other the recording of another broker, whose number of frames is waited for */
  constructor(wire: Wire, name: string, own: Recording, other: Recording | undefined) {
    this.#wire = wire;
    this.#name = name;
    this.#own = own;
    this.#other = other;
  }

  /** Sends a frame and records what comes back. */
  async call(command: string, headers: Record<string, string> = {}, body = ''): Promise<void> {
    await this.raw(textFrame(command, headers, body));
  }

  async raw(frame: string): Promise<void> {
    this.#wire.send(frame);
    await this.look();
  }

  /** Records what has come. */
  async look(): Promise<void> {
    const { lines, answers } = this.#own;
    const text = await this.#wire.take(this.#other?.answers[answers.length]);
    const { isClosed } = this.#wire;
    if (text !== '') this.#last = text;
    answers.push({ frameCount: countFrames(text), isClosed });
    lines.push(normalised(`${this.#name}${isClosed ? ' closed' : ''}: ${JSON.stringify(text)}`));
  }

  /** Lets everything come that was caused before. */
  async end(): Promise<void> {
    if (!this.#wire.isClosed) await this.call('BEGIN', { transaction: 'end', receipt: 'end' });
    this.#wire.close();
  }

  /** The value of a header of the last frames, as it was received. */
  header(name: string, at = 0): string {
    const found = [...this.#last.matchAll(new RegExp(`\\n${name}:(.*)`, 'g'))];
    return found[at]?.[1] ?? '';
  }
}

/** A scenario: plays with clients that `client` opens. */
export type Scenario = (
  client: (name: string, version?: string) => Promise<Player>,
) => Promise<void>;

/** Plays a scenario, and records everything that its clients were sent. */
export async function play(
  scenario: Scenario,
  connect: Connect,
  other?: Recording,
): Promise<Recording> {
  const own: Recording = { lines: [], answers: [] };
  const players: Player[] = [];
  await scenario(async (name, version = '1.2') => {
    const player = new Player(await connect(), name, own, other);
    players.push(player);
    const login = { 'accept-version': version, login: 'guest', passcode: 'guest', host: '/' };
    await player.call('CONNECT', { ...login, 'heart-beat': '0,0' });
    return player;
  });
  for (const player of players) await player.end();
  return own;
}

/**
 * Replaces what differs between any two runs, and leaves out headers that only newer versions of RabbitMQ
 * have. The headers of a dead letter have no defined order.
 */
function normalised(line: string): string {
  return line
    .replaceAll(/(?:x-(?:[^\\]|\\c)*\\n){2,}/g, (lines) =>
      lines
        .split('\\n')
        .filter((each) => !each.startsWith('x-last-death-') && each !== '')
        .sort()
        .map((each) => `${each}\\n`)
        .join(''),
    )
    .replaceAll(/session-[\w-]+/g, 'SESSION')
    .replaceAll(/RabbitMQ\/[\d.]+/g, 'RabbitMQ/VERSION')
    .replaceAll(/amq\.gen-[\w-]+/g, 'amq.gen-NAME');
}

const all = {
  destination: '/queue/props',
  'content-type': 'text/plain',
  'content-encoding': 'utf-8',
  persistent: 'true',
  priority: '7',
  'correlation-id': 'c1',
  'reply-to': 'back',
  expiration: '60000',
  'amqp-message-id': 'm1',
  timestamp: '1700000000',
  type: 't',
  'user-id': 'guest',
  'app-id': 'a',
  custom: 'a\\cb\\n\\\\',
  receipt: 'r1',
};

/** The scenarios by name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'a queue, in each version': async (client) => {
    for (const version of ['1.0', '1.1', '1.2']) {
      const a = await client(`a${version}`, version);
      const destination = `/queue/v${version}`;
      await a.call('SUBSCRIBE', { destination, id: '1', ack: 'client', receipt: 's' });
      await a.call('SEND', { destination, x: 'colon\\cvalue' }, 'hello');
      const name = version === '1.2' ? 'id' : 'message-id';
      const value = a.header(version === '1.2' ? 'ack' : 'message-id');
      await a.call('ACK', { [name]: value, receipt: 'a' });
      await a.call('UNSUBSCRIBE', { id: '1', receipt: 'u' });
      await a.call('DISCONNECT', { receipt: 'd' });
    }
  },
  'all properties, and a body with a zero byte': async (client) => {
    const a = await client('a');
    await a.call('SUBSCRIBE', { destination: '/queue/props', id: '1' });
    await a.call('SEND', all, 'hello');
    await a.call('SEND', { destination: '/queue/props', 'content-length': '3' }, 'a\0b');
    await a.call('SEND', { destination: '/queue/props' });
  },
  'topics and exchanges': async (client) => {
    const a = await client('a');
    const b = await client('b');
    await a.call('SUBSCRIBE', { destination: '/topic/a.*', id: '1', receipt: '1' });
    await a.call('SUBSCRIBE', { destination: '/exchange/amq.direct/k', id: '2', receipt: '2' });
    await a.call('SUBSCRIBE', { destination: '/exchange/amq.fanout', id: '3', receipt: '3' });
    // The messages of several queues have no order among each other.
    await b.call('SEND', { destination: '/topic/a.b' }, 'topic');
    await a.look();
    await b.call('SEND', { destination: '/topic/b' }, 'nothing');
    await b.call('SEND', { destination: '/exchange/amq.direct/k' }, 'direct');
    await a.look();
    await b.call('SEND', { destination: '/exchange/amq.fanout' }, 'fanout');
    await a.look();
    await b.call('SEND', { destination: '/exchange/amq.topic/a.%25%2F' }, 'escaped');
    await a.look();
  },
  'a durable subscription': async (client) => {
    const how = { destination: '/topic/news', id: 'd', durable: 'true', 'auto-delete': 'false' };
    const a = await client('a');
    await a.call('SUBSCRIBE', { ...how, ack: 'client', receipt: '1' });
    await a.call('UNSUBSCRIBE', { id: 'd', receipt: '2' });
    await a.call('SEND', { destination: '/topic/news' }, 'kept');
    const b = await client('b');
    await b.call('SUBSCRIBE', { ...how, ack: 'client' });
    // The derived name is the same.
    await b.call('SUBSCRIBE', {
      destination: '/amq/queue/stomp-subscription-AJdcCeWmF8H8jLaesA9qfg',
      id: 'q',
      receipt: '3',
    });
    await b.call('UNSUBSCRIBE', { id: 'q' });
    await b.call('UNSUBSCRIBE', { id: 'd', durable: 'true', receipt: '4' });
  },
  'replies to a temporary queue': async (client) => {
    const a = await client('a');
    const b = await client('b');
    await b.call('SUBSCRIBE', { destination: '/queue/work', id: '1' });
    await a.call('SEND', { destination: '/queue/work', 'reply-to': '/temp-queue/r' }, 'ask');
    await b.look();
    await b.call('SEND', { destination: b.header('reply-to') }, 'answer');
    await a.look();
    await a.call('SUBSCRIBE', { destination: '/temp-queue/r', id: '2' });
    await a.call('SEND', { destination: '/temp-queue/r' });
  },
  'acknowledgements over two subscriptions': async (client) => {
    const a = await client('a');
    await a.call('SUBSCRIBE', { destination: '/queue/x', id: 'x', ack: 'client' });
    await a.call('SUBSCRIBE', { destination: '/queue/y', id: 'y', ack: 'client-individual' });
    await a.call('SEND', { destination: '/queue/y' }, '1');
    const first = a.header('ack');
    await a.call('SEND', { destination: '/queue/x' }, '2');
    await a.call('ACK', { id: a.header('ack'), receipt: 'all' });
    await a.call('ACK', { id: first });
  },
  'NACK requeues or not': async (client) => {
    const a = await client('a');
    await a.call('SUBSCRIBE', { destination: '/queue/n', id: 'n', ack: 'client-individual' });
    await a.call('SEND', { destination: '/queue/n' }, 'x');
    await a.call('NACK', { id: a.header('ack'), receipt: '1' });
    await a.call('NACK', { id: a.header('ack'), requeue: 'false', receipt: '2' });
  },
  'the prefetch of later subscriptions': async (client) => {
    const a = await client('a');
    for (const text of ['1', '2', '3']) await a.call('SEND', { destination: '/queue/p' }, text);
    const how = { destination: '/queue/p', id: 'p', ack: 'client', 'prefetch-count': '2' };
    await a.call('SUBSCRIBE', how);
    await a.call('SUBSCRIBE', { destination: '/queue/p2', id: 'p2', ack: 'client' });
    for (const text of ['4', '5', '6']) await a.call('SEND', { destination: '/queue/p2' }, text);
  },
  transactions: async (client) => {
    const a = await client('a');
    await a.call('SUBSCRIBE', { destination: '/queue/t', id: 't' });
    await a.call('BEGIN', { transaction: 'one', receipt: '1' });
    await a.call('SEND', { destination: '/queue/t', transaction: 'one' }, 'sent');
    await a.call('COMMIT', { transaction: 'one', receipt: '2' });
    await a.call('BEGIN', { transaction: 'two' });
    await a.call('SEND', { destination: '/queue/t', transaction: 'two' }, 'not sent');
    await a.call('ABORT', { transaction: 'two', receipt: '3' });
    await a.call('COMMIT', { transaction: 'two' });
    await a.call('SEND', { destination: '/queue/t', transaction: 'no' }, 'x');
    await a.call('ABORT');
  },
  'errors after which the connection goes on': async (client) => {
    const a = await client('a');
    await a.call('FOO');
    await a.call('SEND');
    await a.call('SEND', { destination: '/queue/e', 'message-id': '1' });
    for (const destination of [
      '/foo/a',
      '/queue/',
      '/queue/a/b',
      '/exchange',
      '/exchange//k',
      '/exchange/a/b/c',
      '/topic/',
      '/temp-queue/a/b',
      '/amq/queue',
      '/amq/x',
      '/reply-queue',
    ]) {
      await a.call('SEND', { destination });
    }
    await a.call('SUBSCRIBE', { id: '1' });
    await a.call('SUBSCRIBE', { destination: '/topic/a', durable: 'true' });
    await a.call('UNSUBSCRIBE');
    await a.call('UNSUBSCRIBE', { id: 'x' });
    await a.call('UNSUBSCRIBE', { destination: '/queue/x' });
    await a.call('UNSUBSCRIBE', { id: '/temp-queue/x' });
    await a.call('ACK');
    await a.call('ACK', { id: 'x' });
    await a.call('NACK', { id: 'T_x@@SESSION@@x@@1' });
    await a.call('BEGIN', { transaction: 'still here', receipt: 'r' });
  },
  'errors that end the connection': async (client) => {
    const missing = await client('exchange');
    await missing.call('SEND', { destination: '/exchange/nope/k' }, 'x');
    const queue = await client('queue');
    await queue.call('SUBSCRIBE', { destination: '/amq/queue/nope', id: '1' });
    const bind = await client('bind');
    await bind.call('SUBSCRIBE', { destination: '/exchange/nope/k', id: '1' });
    const twice = await client('twice');
    await twice.call('SUBSCRIBE', { destination: '/queue/d', id: '1' });
    await twice.call('SUBSCRIBE', { destination: '/queue/d', id: '1' });
    const user = await client('user');
    await user.call('SEND', { destination: '/queue/d', 'user-id': 'eve' }, 'x');
    const inequivalent = await client('inequivalent');
    await inequivalent.call('SEND', { destination: '/queue/d', 'x-max-length': '5' }, 'x');
  },
  'dead letters': async (client) => {
    const a = await client('a');
    const how = {
      destination: '/queue/dl',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    };
    await a.call('SEND', how, 'x');
    await a.call('SUBSCRIBE', { destination: '/queue/dead', id: 'd' });
    await a.call('SUBSCRIBE', { ...how, id: '1', ack: 'client' });
    await a.call('NACK', { id: a.header('ack'), requeue: 'false' });
  },
};
