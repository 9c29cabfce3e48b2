import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everything } from '../../src/broker/users.ts';
import { ManualClock } from '../support/bare-broker.ts';
import { RawClient, readShort } from '../support/raw-client.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { TlsListener } from '../support/tls-listener.ts';
import { Scenario } from './scenario.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedCount = isLong ? 1000 : 16;
const canary = 'CANARY of somebody else';
const canaryQueue = `${canary}, a queue`;

let listener: TlsListener;
const clock = new ManualClock();

before(async () => {
  // Segments and memory are small, so that messages are read back from the disk, and moved.
  const logOptions = { segmentBytes: 96 * 1024, cacheBytes: 32 * 1024 };
  listener = await TlsListener.start(0, { clock, users: [] }, logOptions);
  const { broker } = listener;
  for (const name of ['mine', 'theirs']) {
    broker.createVhost(name);
    broker.putUser(name, name, []);
    broker.setPermission(name, name, everything);
  }
});

after(async () => {
  await listener.close();
  await listener.onLog.check();
});

const named = (text: string) => Buffer.from(text);

/** Messages of another tenant, which lie between those of the first. */
class Canaries {
  readonly #client: RawClient;
  count = 0;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async declare(): Promise<Canaries> {
    const client = await RawClient.open(listener, 'theirs', 'theirs');
    const fields = [Buffer.alloc(2), short(canaryQueue), Buffer.of(2), Buffer.alloc(4)];
    await client.call([50, 10], fields, '50.11');
    return new Canaries(client);
  }

  publish(): void {
    // A content type and a delivery mode.
    const head = Buffer.concat([Buffer.of(0x90, 0), short(canary), Buffer.of(2)]);
    const body = named(`${canary} ${this.count++} `.repeat(20));
    this.#client.publish(Buffer.alloc(0), named(canaryQueue), head, body);
  }

  /** Once it returns, the broker has taken what was published before. */
  async taken(): Promise<void> {
    const fields = [Buffer.alloc(2), short(canaryQueue), Buffer.of(1), Buffer.alloc(4)];
    await this.#client.call([50, 10], fields, '50.11');
  }

  close(): void {
    this.#client.close();
  }
}

const short = (text: string) => Buffer.concat([Buffer.of(text.length), named(text)]);

/** Ends the process of the broker between two steps, or stops it, or neither. */
async function maybeRestart(random: SeededRandom, clients: RawClient[]): Promise<void> {
  await listener.onLog.flushed();
  const how = random.pick(['kill', 'restart', undefined] as const);
  if (how === undefined) return;
  await listener.again(how);
  clients.push(await RawClient.open(listener, 'mine', 'mine'));
}

async function run(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const clients = [await RawClient.open(listener, 'mine', 'mine')];
  const mine = () => clients.at(-1) as RawClient; // there is always one
  const canaries = await Canaries.declare();
  const scenario = new Scenario(random, seed);
  await scenario.declare(mine());
  for (let i = 0; i < scenario.messages.length; i++) {
    if (random.oneIn(2)) canaries.publish();
    scenario.publish(mine(), i);
    if (random.oneIn(2)) canaries.publish();
    if (random.oneIn(3)) await canaries.taken();
  }
  await scenario.taken(mine());
  await canaries.taken();
  await maybeRestart(random, clients);
  await scenario.die(mine(), (ms) => {
    clock.ms += ms;
    listener.broker.tick();
  });
  await maybeRestart(random, clients);
  await scenario.verifyDead(mine(), Math.floor(clock.ms / 1000));
  const all = Buffer.concat(clients.flatMap(({ bytes }) => bytes));
  assert.ok(!all.includes(canary), 'bytes of another tenant came');
  for (const client of clients) client.close();
  canaries.close();
}

test('bytes of any kind in any field are returned unchanged, and never those of another tenant', async () => {
  for (let seed = 1; seed <= seedCount; seed++) {
    await run(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}: ${cause}`, { cause });
    });
  }
});

test('all messages of the other tenant are present', async () => {
  const client = await RawClient.open(listener, 'theirs', 'theirs');
  let count = 0;
  for (;;) {
    const get = [Buffer.alloc(2), short(canaryQueue), Buffer.of(1)];
    const { method, fields, body } = await client.call([60, 70], get, '60.71', '60.72');
    if (method === '60.72') break;
    const [, keyAt] = readShort(fields, 9);
    assert.equal(readShort(fields, keyAt)[0].toString(), canaryQueue);
    assert.ok(body.toString().startsWith(canary));
    count++;
  }
  assert.ok(count > seedCount, `${count} messages`);
  client.close();
});
