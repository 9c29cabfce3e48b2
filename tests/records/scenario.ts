// A dead-lettering scenario with random bytes in all fields.

import assert from 'node:assert/strict';
import {
  longBytes,
  type Raw,
  type RawClient,
  readShort,
  shortBytes,
} from '../support/raw-client.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import {
  type Field,
  headOf,
  keyList,
  nameBytes,
  type Properties,
  randomFields,
  randomProperties,
  tableOf,
  valueBytes,
  withoutExpiration,
} from './random-bytes.ts';

const reserved = Buffer.alloc(2);
const durable = Buffer.of(2);
const nothing = Buffer.alloc(4);
const messageCount = 6;

/** The reason for the dead letters of a scenario. */
type Death = 'rejected' | 'expired' | 'maxlen';

interface Sent {
  readonly properties: Properties;
  readonly body: Buffer;
}

const text = (bytes: Buffer | string) => Buffer.concat([Buffer.from('S'), longBytes(bytes)]);
const number = (value: number) => Buffer.concat([Buffer.from('I'), Buffer.of(0, 0, 0, value)]);
const field = (name: string, value: Buffer): Field => [Buffer.from(name), value];

/**
 * A queue whose messages become dead letters, with arbitrary bytes in every name, key, argument and
 * property.
 */
export class Scenario {
  readonly messages: readonly Sent[];
  readonly #random: SeededRandom;
  readonly #death: Death;
  readonly #type: string;
  readonly #queue: Buffer;
  /** A queue whose name differs in one byte that is not UTF-8. */
  readonly #twin: Buffer;
  readonly #deadQueue: Buffer;
  readonly #exchange: Buffer;
  readonly #deadExchange: Buffer;
  readonly #key: Buffer;
  readonly #deadKey: Buffer | undefined;
  readonly #header: Buffer;

  constructor(random: SeededRandom, seed: number) {
    const own = (letter: string) =>
      Buffer.concat([nameBytes(random, 240), Buffer.from(`${letter}${seed}`)]);
    const queue = own('q');
    this.#random = random;
    this.#death = random.pick(['rejected', 'expired', 'maxlen']);
    this.#type = random.pick(['direct', 'fanout', 'topic', 'headers']);
    this.#queue = Buffer.concat([queue, Buffer.of(0xfe)]);
    this.#twin = Buffer.concat([queue, Buffer.of(0xff)]);
    this.#deadQueue = own('d');
    this.#exchange = own('x');
    this.#deadExchange = own('y');
    this.#key = nameBytes(random);
    this.#deadKey = random.oneIn(2) ? nameBytes(random) : undefined;
    this.#header = Buffer.concat([Buffer.from('h'), nameBytes(random, 200)]);
    this.messages = Array.from({ length: messageCount }, (_, i) => this.#message(i));
  }

  #message(index: number): Sent {
    const random = this.#random;
    const headers = randomFields(random);
    if (random.oneIn(3)) {
      headers.push(keyList('CC', [nameBytes(random), nameBytes(random)]));
      if (random.oneIn(2)) headers.push(keyList('BCC', [nameBytes(random)]));
    }
    if (this.#type === 'headers') headers.push([this.#header, valueBytes(random)]);
    const body = Buffer.concat([Buffer.of(index), random.bytes(2000)]);
    return { properties: randomProperties(random, headers), body };
  }

  async declare(client: RawClient): Promise<void> {
    await this.#declareExchange(client, this.#exchange, this.#type);
    await this.#declareExchange(client, this.#deadExchange, 'fanout');
    const args = [
      field('x-dead-letter-exchange', text(this.#deadExchange)),
      ...(this.#deadKey ? [field('x-dead-letter-routing-key', text(this.#deadKey))] : []),
      ...(this.#death === 'expired' ? [field('x-message-ttl', number(100))] : []),
      ...(this.#death === 'maxlen' ? [field('x-max-length', number(0))] : []),
      ...randomFields(this.#random).filter(([name]) => !name.toString().startsWith('x-')),
    ];
    await this.#declareQueue(client, this.#queue, tableOf(args));
    // A repeated declaration is the same queue with the same arguments.
    await this.#declareQueue(client, this.#queue, tableOf(args));
    await this.#declareQueue(client, this.#twin, nothing);
    await this.#declareQueue(client, this.#deadQueue, nothing);
    const wanted = this.#type === 'headers' ? tableOf([[this.#header, Buffer.from('V')]]) : nothing;
    await this.#bind(client, this.#queue, this.#exchange, this.#key, wanted);
    await this.#bind(client, this.#deadQueue, this.#deadExchange, this.#key, nothing);
  }

  async #declareExchange(client: RawClient, name: Buffer, type: string): Promise<void> {
    const fields = [reserved, shortBytes(name), shortBytes(type), durable, nothing];
    await client.call([40, 10], fields, '40.11');
  }

  async #declareQueue(client: RawClient, name: Buffer, args: Buffer): Promise<void> {
    const fields = [reserved, shortBytes(name), durable, args];
    const answer = await client.call([50, 10], fields, '50.11');
    assert.deepEqual(readShort(answer.fields, 0)[0], name);
  }

  async #bind(
    client: RawClient,
    queue: Buffer,
    exchange: Buffer,
    key: Buffer,
    args: Buffer,
  ): Promise<void> {
    const names = [queue, exchange, key].map((name) => shortBytes(name));
    await client.call([50, 20], [reserved, ...names, Buffer.of(0), args], '50.21');
  }

  publish(client: RawClient, index: number): void {
    const { properties, body } = this.messages[index] as Sent; // the index is inside
    client.publish(this.#exchange, this.#key, headOf(properties), body);
  }

  /** Once it returns, the broker has taken what was published before. */
  async taken(client: RawClient): Promise<void> {
    await this.#count(client, this.#queue);
    assert.equal(await this.#count(client, this.#twin), 0, 'another queue took a message');
  }

  async #count(client: RawClient, name: Buffer): Promise<number> {
    const fields = [reserved, shortBytes(name), Buffer.of(1), nothing];
    const answer = await client.call([50, 10], fields, '50.11');
    return answer.fields.readUInt32BE(readShort(answer.fields, 0)[1]);
  }

  /** Makes every message a dead letter. */
  async die(client: RawClient, pass: (ms: number) => void): Promise<void> {
    if (this.#death === 'rejected') await this.#reject(client);
    if (this.#death === 'expired') pass(1000);
    assert.equal(await this.#count(client, this.#queue), 0, 'a message did not die');
  }

  /** Takes the messages by `basic.get` or by a consumer with a tag of any bytes. */
  async #reject(client: RawClient): Promise<void> {
    const isGet = this.#random.oneIn(2);
    const tag = nameBytes(this.#random);
    if (!isGet) {
      const names = [shortBytes(this.#queue), shortBytes(tag)];
      const fields = [reserved, ...names, Buffer.of(0), nothing];
      const { fields: answer } = await client.call([60, 20], fields, '60.21');
      assert.deepEqual(readShort(answer, 0)[0], tag);
    }
    const get = [reserved, shortBytes(this.#queue), Buffer.of(0)];
    for (const sent of this.messages) {
      const raw = isGet ? await client.call([60, 70], get, '60.71') : await client.next('60.60');
      const [foundTag, tagEnd] = isGet ? [tag, 0] : readShort(raw.fields, 0);
      assert.deepEqual(foundTag, tag);
      this.#verifyKeys(raw, tagEnd + 9, this.#exchange, this.#key);
      assert.deepEqual(raw.head, headOf(visible(sent.properties)));
      assert.deepEqual(raw.body, sent.body);
      const deliveryTag = raw.fields.subarray(tagEnd, tagEnd + 8);
      client.method(1, 60, 90, deliveryTag, Buffer.of(0));
    }
    if (!isGet) await client.call([60, 30], [shortBytes(tag), Buffer.of(0)], '60.31');
  }

  #verifyKeys({ fields }: Raw, at: number, exchange: Buffer, key: Buffer): void {
    const [foundExchange, keyAt] = readShort(fields, at);
    assert.deepEqual(foundExchange, exchange);
    assert.deepEqual(readShort(fields, keyAt)[0], key);
  }

  /** Takes every dead letter, each with all that it had. */
  async verifyDead(client: RawClient, atSeconds: number): Promise<void> {
    const get = [reserved, shortBytes(this.#deadQueue), Buffer.of(1)];
    const found = new Set<number>();
    for (let left = messageCount; left > 0; left--) {
      const raw = await client.call([60, 70], get, '60.71');
      const index = raw.body.readUInt8(0);
      const sent = this.messages[index];
      assert.ok(sent !== undefined && !found.has(index), `message ${index}`);
      found.add(index);
      this.#verifyKeys(raw, 9, this.#deadExchange, this.#deadKey ?? this.#key);
      assert.deepEqual(raw.body, sent.body);
      this.#verifyHead(raw.head, sent, atSeconds);
    }
    await client.call([60, 70], get, '60.72');
  }

  #verifyHead(head: Buffer, { properties }: Sent, atSeconds: number): void {
    const { headers = [], others } = withoutExpiration(properties);
    const kept = headers.filter(([name]) => name.toString() !== 'BCC');
    const death = this.#deathHeaders(properties, atSeconds);
    assert.deepEqual(head, headOf({ others, headers: [...kept, ...death] }));
  }

  #deathHeaders({ headers = [], others }: Properties, atSeconds: number): Field[] {
    const time = Buffer.concat([Buffer.from('T'), Buffer.alloc(8)]);
    time.writeBigUInt64BE(BigInt(atSeconds), 1);
    const one = Buffer.concat([Buffer.from('l'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])]);
    const keys = [this.#key, ...openKeys(headers)];
    const entry = tableOf([
      field('count', one),
      field('exchange', text(this.#exchange)),
      field('queue', text(this.#queue)),
      field('reason', text(this.#death)),
      field('routing-keys', array(keys.map(text))),
      field('time', time),
      ...(others.has(8) ? [field('original-expiration', text('600000'))] : []),
    ]);
    const deaths: Field[] = [field('x-death', array([Buffer.concat([Buffer.from('F'), entry])]))];
    const about = {
      exchange: this.#exchange,
      queue: this.#queue,
      reason: Buffer.from(this.#death),
    };
    for (const [what, bytes] of Object.entries(about)) {
      deaths.push(field(`x-first-death-${what}`, text(bytes)));
      deaths.push(field(`x-last-death-${what}`, text(bytes)));
    }
    return deaths;
  }
}

const array = (items: readonly Buffer[]) =>
  Buffer.concat([Buffer.from('A'), longBytes(Buffer.concat(items))]);

/** The properties as receivers see them. */
function visible(properties: Properties): Properties {
  const { headers, others } = properties;
  if (headers === undefined) return properties;
  return { others, headers: headers.filter(([name]) => name.toString() !== 'BCC') };
}

/** The keys in a header `CC`. */
function openKeys(headers: readonly Field[]): Buffer[] {
  const [, value] = headers.find(([name]) => name.toString() === 'CC') ?? [];
  const keys: Buffer[] = [];
  if (value === undefined) return keys;
  for (let at = 5; at < value.length; ) {
    const end = at + 5 + value.readUInt32BE(at + 1);
    keys.push(value.subarray(at + 5, end));
    at = end;
  }
  return keys;
}
