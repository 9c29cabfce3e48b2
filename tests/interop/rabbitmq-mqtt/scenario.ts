// The same MQTT clients with a RabbitMQ and with this program.

import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type IClientOptions, type MqttClient, connect as mqttConnect, type Packet } from 'mqtt';

/** A server that is tried. */
export interface Tried {
  /** `mqtt://…` or `mqtts://…` */
  readonly url: string;
  readonly ca: string | undefined;
  readonly username: string;
  readonly password: string;
  /** What is expected, by what is done. It is waited for. Without it, everything is waited for in vain. */
  readonly expected?: Answers;
  /** A request to the management API. Returns the parsed body; undefined if there is none. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** What was observed, by what was done. */
export type Answers = Readonly<Record<string, unknown>>;

/** Milliseconds until everything that comes with something else has come. */
const settledMs = 1000;
/** Milliseconds after which nothing comes any more. */
const lateMs = 6000;
/** Maximum time until what is expected has happened, milliseconds. */
const expectedMsMax = 10_000;

/** A client that notes what it is sent. */
class Client {
  readonly #client: MqttClient;
  readonly #packets: unknown[] = [];
  #isClosed = false;

  constructor(server: Tried, options: IClientOptions) {
    const { username, password, ca } = server;
    this.#client = mqttConnect(server.url, {
      ...{ protocolVersion: 4, username, password, reconnectPeriod: 0, keepalive: 0 },
      ...(ca !== undefined && { ca }),
      ...options,
    });
    this.#client.on('error', () => {});
    this.#client.on('close', () => {
      this.#isClosed = true;
    });
    this.#client.on('packetreceive', (packet: Packet) => this.#packets.push(shownPacket(packet)));
  }

  /** What was received since the last call of `clear`, in any order. */
  seen(): unknown[] {
    const packets = this.#packets.map((packet) => JSON.stringify(packet)).sort();
    const seen = packets.map((text): unknown => JSON.parse(text));
    return this.#isClosed ? [...seen, 'closed'] : seen;
  }

  clear(): void {
    this.#packets.length = 0;
  }

  subscribe(filters: Readonly<Record<string, { qos: 0 | 1 | 2 }>>): void {
    this.#client.subscribe(filters, () => {});
  }

  unsubscribe(filter: string): void {
    this.#client.unsubscribe(filter, () => {});
  }

  publish(topic: string, text: string, qos: 0 | 1 | 2 = 0, retain = false): void {
    this.#client.publish(topic, text, { qos, retain }, () => {});
  }

  async end(): Promise<void> {
    // A client whose message was not acknowledged would wait for ever.
    await Promise.race([this.#client.endAsync(), delay(settledMs)]);
    this.#client.end(true);
  }

  /** The connection is lost. */
  cut(): void {
    this.#client.stream.destroy();
  }
}

function shownPacket(packet: Packet): unknown {
  switch (packet.cmd) {
    case 'connack':
      return ['connack', packet.returnCode, packet.sessionPresent];
    case 'suback':
      return ['suback', packet.granted];
    case 'publish': {
      const { topic, payload, qos, retain, dup } = packet;
      const flags = [...(retain ? ['retain'] : []), ...(dup ? ['dup'] : [])];
      return ['publish', topic, String(payload), qos, ...flags];
    }
    default:
      return [packet.cmd];
  }
}

/** Whether there is anything in a list. */
function isAnything(found: unknown): boolean {
  return Array.isArray(found) && found.length > 0;
}

/** Whether a message was acknowledged, or the connection closed. */
function isAnswered(found: unknown): boolean {
  return Array.isArray(found) && found.some((each) => each === 'closed' || each[0] === 'puback');
}

const vhost = '%2f';

/** Clients, one after the other. */
class Scenario {
  readonly #server: Tried;
  readonly #answers: Record<string, unknown> = {};

  constructor(server: Tried) {
    this.#server = server;
  }

  async run(): Promise<Answers> {
    await this.#connecting();
    await this.#messages();
    await this.#sessions();
    await this.#retained();
    await this.#wills();
    await this.#amqp();
    await this.#rights();
    return this.#answers;
  }

  /**
   * Notes what is observed.
   *
   * @param isDone whether nothing more than in an observation will come, except what comes with it;
   *   asked only if nothing is expected
   */
  async #note(what: string, observe: () => unknown, isDone = isAnything): Promise<void> {
    const { expected } = this.#server;
    const isEnough = (found: unknown) =>
      expected === undefined ? isDone(found) : isDeepStrictEqual(found, expected[what]);
    const untilMs = Date.now() + (expected === undefined ? lateMs : expectedMsMax);
    let found = await observe();
    while (!isEnough(found) && Date.now() < untilMs) {
      await delay(20);
      found = await observe();
    }
    if (expected === undefined) {
      await delay(settledMs);
      found = await observe();
    }
    this.#answers[what] = found;
  }

  /** Notes what a client has received. */
  async #see(what: string, client: Client, isDone = isAnything): Promise<void> {
    await this.#note(what, () => client.seen(), isDone);
    client.clear();
  }

  #client(options: IClientOptions = {}): Client {
    return new Client(this.#server, { clientId: 'c', ...options });
  }

  /** A client that is connected. */
  async #open(what: string, options: IClientOptions = {}): Promise<Client> {
    const client = this.#client(options);
    await this.#see(`${what}: connect`, client);
    return client;
  }

  async #subscribe(
    what: string,
    client: Client,
    filters: Parameters<Client['subscribe']>[0],
  ): Promise<void> {
    client.subscribe(filters);
    await this.#see(what, client);
  }

  async #publish(
    what: string,
    client: Client,
    ...message: Parameters<Client['publish']>
  ): Promise<void> {
    const [, , qos = 0] = message;
    client.publish(...message);
    await this.#see(what, client, qos === 0 ? isAnything : isAnswered);
  }

  async #connecting(): Promise<void> {
    const { username } = this.#server;
    const ways: Readonly<Record<string, IClientOptions>> = {
      'a wrong password': { password: 'wrong' },
      'an unknown user': { username: 'nobody' },
      'an unknown virtual host': { username: `none:${username}` },
      'the virtual host in the user name': { username: `/:${username}` },
      'MQTT 3.1': { clientId: 'old', protocolId: 'MQIsdp', protocolVersion: 3 },
      'an assigned client id': { clientId: '', clean: true },
    };
    for (const [what, options] of Object.entries(ways)) {
      const client = this.#client({ clientId: what, ...options });
      await this.#see(`connect: ${what}`, client);
      await client.end();
    }
  }

  async #messages(): Promise<void> {
    const client = await this.#open('messages', { clientId: 'm' });
    const filters = { 'a/b': { qos: 0 }, 'c/+': { qos: 1 }, 'e/#': { qos: 2 } } as const;
    await this.#subscribe('subscribe with each QoS', client, filters);
    await this.#note('the queues of a clean session', () => this.#queues('m'));
    await this.#note('bindings', () => this.#bindings('mqtt-subscription-mqos1'));
    for (const topic of ['a/b', 'c/d', 'e', 'e/f/g']) {
      for (const qos of [0, 1, 2] as const) {
        await this.#publish(`publish to ${topic} with QoS ${qos}`, client, topic, 'x', qos);
      }
    }
    await this.#publish('publish where nobody is', client, 'no/body', 'x', 1);
    await this.#publish('a dot in a topic', client, 'e/f.g', 'x');
    await this.#subscribe('overlap: subscribe', client, { 'c/#': { qos: 0 } });
    await this.#publish('overlap: publish', client, 'c/d', 'x', 1);
    client.unsubscribe('c/#');
    await this.#see('unsubscribe', client);
    await this.#publish('after unsubscribe', client, 'c/d', 'x', 1);
    // RabbitMQ updates its statistics every five seconds.
    await this.#note(
      'connection',
      () => this.#connection(),
      () => false,
    );
    await client.end();
    await this.#note('the queues after the end', () => this.#queues('m'));
  }

  async #sessions(): Promise<void> {
    const lasting = { clientId: 's', clean: false };
    const first = await this.#open('session', lasting);
    await this.#subscribe('session: subscribe', first, { 's/1': { qos: 1 } });
    await first.end();
    await this.#note('session: queues', () => this.#queues('s'));
    const sender = await this.#open('session: sender', { clientId: 'sender' });
    await this.#publish('session: publish with QoS 1', sender, 's/1', 'waits', 1);
    await this.#publish('session: publish with QoS 0', sender, 's/1', 'of QoS 0');
    const again = this.#client(lasting);
    await this.#see('session: resumed', again);
    const other = this.#client(lasting);
    await this.#see('session: taken over', other);
    await this.#see('session: the former connection', again);
    await this.#publish('session: still subscribed', sender, 's/1', 'y', 1);
    await this.#see('session: received', other);
    await other.end();
    const clean = await this.#open('session: clean', { clientId: 's', clean: true });
    await this.#publish('session: publish at the end', sender, 's/1', 'z', 1);
    await this.#see('session: has ended', clean);
    await clean.end();
    await sender.end();
    await this.#note('session: queues at the end', () => this.#queues('s'));
  }

  async #retained(): Promise<void> {
    const client = await this.#open('retained', { clientId: 'r' });
    await this.#publish('retained: publish', client, 'r/1', 'kept', 1, true);
    await this.#subscribe('retained: subscribe', client, { 'r/1': { qos: 1 } });
    await this.#subscribe('retained: again', client, { 'r/1': { qos: 1 } });
    await this.#publish('retained: clear', client, 'r/1', '', 1, true);
    client.unsubscribe('r/1');
    await this.#see('retained: unsubscribe', client);
    await this.#subscribe('retained: cleared', client, { 'r/1': { qos: 1 } });
    await client.end();
  }

  async #wills(): Promise<void> {
    const watcher = await this.#open('will', { clientId: 'w' });
    await this.#subscribe('will: subscribe', watcher, { 'will/#': { qos: 1 } });
    const will = { topic: 'will/1', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const dying = await this.#open('will: dying', { clientId: 'd', will });
    dying.cut();
    await this.#see('will: after a lost connection', watcher);
    const leaving = await this.#open('will: leaving', { clientId: 'd', will });
    await leaving.end();
    await this.#see('will: after DISCONNECT', watcher);
    await watcher.end();
  }

  async #amqp(): Promise<void> {
    await this.#server.call('PUT', `/api/queues/${vhost}/q`, { durable: true });
    const path = `/api/bindings/${vhost}/e/amq.topic/q/q`;
    await this.#server.call('POST', path, { routing_key: 'q.*' });
    const client = await this.#open('AMQP', { clientId: 'x' });
    await this.#subscribe('AMQP: subscribe', client, { 'x/#': { qos: 1 } });
    for (const qos of [0, 1] as const) {
      await this.#publish(`AMQP: publish with QoS ${qos}`, client, `q/${qos}`, 'to AMQP', qos);
      await this.#note(`AMQP gets QoS ${qos}`, () => this.#get('q'));
      await this.#server.call('DELETE', `/api/queues/${vhost}/q/contents`);
    }
    for (const mode of [1, 2]) {
      await this.#server.call('POST', `/api/exchanges/${vhost}/amq.topic/publish`, {
        properties: { delivery_mode: mode, content_type: 'a/b', headers: { k: 'v' } },
        routing_key: 'x.y',
        payload: 'from AMQP',
        payload_encoding: 'string',
      });
      await this.#see(`MQTT gets delivery mode ${mode}`, client);
    }
    await client.end();
    await this.#server.call('DELETE', `/api/queues/${vhost}/q`);
  }

  async #rights(): Promise<void> {
    const user = { username: 'limited', password: 'a long password' };
    await this.#server.call('PUT', '/api/users/limited', { password: user.password, tags: '' });
    const set = (permissions: object) =>
      this.#server.call('PUT', `/api/permissions/${vhost}/limited`, permissions);
    const none = this.#client({ clientId: 'l', ...user });
    await this.#see('rights: no virtual host', none);
    await none.end();
    const all = '^(mqtt-subscription-.*|amq\\.topic)$';
    const tries: Readonly<Record<string, object>> = {
      'all that is needed': { configure: all, write: all, read: all },
      'no configure': { configure: '^$', write: all, read: all },
      'no write on the queue': { configure: all, write: '^amq\\.topic$', read: all },
      'no read on the exchange': { configure: all, write: all, read: '^mqtt-.*$' },
      'no write on the exchange': { configure: all, write: '^mqtt-.*$', read: all },
    };
    for (const [what, permissions] of Object.entries(tries)) {
      await set(permissions);
      const client = await this.#open(`rights: ${what}`, { clientId: 'l', ...user });
      const filters = { 'l/#': { qos: 1 } } as const;
      await this.#subscribe(`rights: subscribe with ${what}`, client, filters);
      await client.end();
      const sender = await this.#open(`rights: ${what} again`, { clientId: 'l', ...user });
      await this.#publish(`rights: publish with ${what}`, sender, 'l/1', 'x', 1);
      await sender.end();
    }
    await set({ configure: all, write: all, read: all });
    const topics = { exchange: 'amq.topic', write: '^{client_id}\\.', read: '^{client_id}\\.' };
    await this.#server.call('PUT', `/api/topic-permissions/${vhost}/limited`, topics);
    for (const clientId of ['mine', 'other']) {
      const client = await this.#open(`topic rights: ${clientId}`, { clientId, ...user });
      await this.#publish(`topic rights: publish as ${clientId}`, client, 'mine/1', 'x', 1);
      await client.end();
    }
    await this.#server.call('DELETE', '/api/users/limited');
  }

  async #queues(clientId: string): Promise<unknown> {
    const all = (await this.#server.call('GET', `/api/queues/${vhost}`)) as readonly {
      readonly name: string;
      readonly durable: boolean;
      readonly auto_delete: boolean;
      readonly arguments: object;
      readonly type: string;
    }[]; // the answer of the API
    return all
      .filter(({ name }) => name.startsWith(`mqtt-subscription-${clientId}qos`))
      .map(({ name, durable, auto_delete: autoDelete, arguments: args, type }) => {
        return { name, durable, autoDelete, arguments: args, type };
      });
  }

  async #bindings(queue: string): Promise<unknown> {
    const path = `/api/queues/${vhost}/${queue}/bindings`;
    const all = (await this.#server.call('GET', path)) as readonly {
      readonly source: string;
      readonly routing_key: string;
      readonly arguments: object;
    }[]; // the answer of the API
    return all.map(({ source, routing_key: key, arguments: args }) => [source, key, args]).sort();
  }

  async #connection(): Promise<unknown> {
    const all = (await this.#server.call('GET', '/api/connections')) as readonly {
      readonly protocol: string;
      readonly channels: number;
      readonly client_properties: object;
    }[]; // the answer of the API
    return all.map(({ protocol, channels, client_properties: properties }) => {
      return { protocol, channels, properties };
    });
  }

  async #get(queue: string): Promise<unknown> {
    const how = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
    const path = `/api/queues/${vhost}/${queue}/get`;
    const got = (await this.#server.call('POST', path, how)) as readonly {
      readonly exchange: string;
      readonly routing_key: string;
      readonly payload: string;
      readonly properties: object;
    }[]; // the answer of the API
    return got.map(({ exchange, routing_key: key, payload, properties }) => {
      return { exchange, key, payload, properties };
    });
  }
}

/** Performs everything. Returns what was observed. */
export function runScenario(server: Tried): Promise<Answers> {
  return new Scenario(server).run();
}
