// The fuzzer of the API.

import assert from 'node:assert/strict';
import type { EventRecord } from '../../src/audit/record.ts';
import { lineHash, parseLine, trailTimeline } from '../../src/audit/trail.ts';
import type { Service } from '../../src/aws/service.ts';
import type { HttpRequest } from '../../src/net/http/message.ts';
import { accountId, ControlPlane, region } from '../support/control-plane.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { TextResponse } from '../support/text-response.ts';
import { jsonRequest, randomRequest, signed4 } from './api-requests.ts';
import { Pool, secret, secretBlob } from './api-values.ts';
import type { Fuzzer } from './fuzzer.ts';

const requestCount = 10;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const xmlError =
  /^<ErrorResponse><Error><Type>Sender<\/Type><Code>\w+<\/Code><Message>[^<]*<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/;
/** An error of the operations that trails' files are read with. */
const bucketError =
  /^<\?xml [^>]*>\n<Error><Code>\w+<\/Code><Message>[^<]*<\/Message><RequestId>[0-9a-f-]{36}<\/RequestId><\/Error>$/;
const bucketAnswer = /^<\?xml [^>]*>\n<(\w+) .*<\/\1>$|^<\?xml [^>]*>\n<\w+[^>]*\/>$/s;
const xmlAnswer =
  /^<(\w+)Response xmlns="[^"]+">(<\1Result>.*<\/\1Result>|<\1Result\/>)?<ResponseMetadata>.*<\/ResponseMetadata><\/\1Response>$/s;

/** A client that sends anything, and looks at all that it is answered. */
class RandomCaller {
  readonly #plane: ControlPlane;
  readonly #random: SeededRandom;
  readonly #pool = new Pool();
  /** Ids of the requests that were answered. */
  readonly #answered: string[] = [];

  constructor(plane: ControlPlane, random: SeededRandom) {
    this.#plane = plane;
    this.#random = random;
  }

  /**
   * Makes a key with all that belongs to one, and now and then a broker, for others to be about.
   */
  async begin(): Promise<void> {
    const created = await this.#kms('CreateKey', {});
    const { KeyId } = created['KeyMetadata'] as { KeyId: string };
    if (this.#random.oneIn(2)) {
      await this.#kms('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
      await this.#kms('Encrypt', { KeyId, Plaintext: secretBlob });
      const GranteePrincipal = `arn:aws:iam::${accountId}:root`;
      await this.#kms('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Decrypt'] });
    }
    // Hashing a password takes as long as a hundred requests.
    if (this.#random.oneIn(50)) await this.#createBroker();
  }

  async #kms(name: string, input: object): Promise<Record<string, unknown>> {
    const kms = this.#plane.services.find((service) => service.name === 'kms');
    assert.ok(kms);
    const plain = jsonRequest(kms, name, JSON.stringify(input), this.#random);
    const { status, body } = await this.#send(await signed4(this.#plane, plain));
    assert.equal(status, 200, body);
    return body === '' ? {} : JSON.parse(body);
  }

  async #createBroker(): Promise<void> {
    const body = JSON.stringify({
      brokerName: 'orders',
      engineType: 'RABBITMQ',
      deploymentMode: 'SINGLE_INSTANCE',
      hostInstanceType: 'mq.m7g.medium',
      users: [{ username: 'admin', password: secret }],
      encryptionOptions: { useAwsOwnedKey: this.#random.oneIn(2) },
    });
    const plain = { service: 'mq', method: 'POST', path: '/v1/brokers', headers: {}, body };
    const { status } = await this.#send(await signed4(this.#plane, plain));
    assert.equal(status, 200);
    await this.#plane.settled();
  }

  async step(): Promise<void> {
    await this.#send(await randomRequest(this.#plane, this.#random, this.#pool));
    if (this.#random.oneIn(10)) await this.#plane.advance(this.#random.below(8 * 24 * 3600 * 1000));
  }

  async #send(request: HttpRequest): Promise<TextResponse> {
    const answer = await this.#plane.answer(request);
    const id = answer.headers['x-amzn-RequestId'] ?? '';
    assert.match(id, uuid);
    this.#answered.push(id);
    assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} ${answer.body}`);
    if (answer.status >= 400) requireFailure(answer, this.#plane.credentials.secretAccessKey);
    else if (answer.headers['Content-Type'] === 'text/xml') assert.match(answer.body, xmlAnswer);
    else if (isOfBucket(answer.headers)) assert.match(answer.body, bucketAnswer);
    else if (answer.body !== '') this.#pool.note(JSON.parse(answer.body));
    return answer;
  }

  /**
   * Requires that there was no internal error, no secret was written, and authenticated callers are
   * in the trail.
   */
  async finish(): Promise<void> {
    const plane = this.#plane;
    await plane.settled();
    assert.deepEqual(plane.unexpectedErrors, []);
    assert.deepEqual(plane.reports, []);
    for (const hidden of [secret, secretBlob, plane.credentials.secretAccessKey]) {
      assert.equal(plane.written.includes(hidden), false, 'a secret is written');
    }
    const refused = new Set(plane.refused.map(({ requestId }) => requestId));
    const known = this.#answered.filter((id) => !refused.has(id));
    const recorded = (await trailOf(plane))
      .filter(({ userIdentity: { type, invokedBy } }) => type === 'Root' && !invokedBy)
      .map(({ requestID }) => requestID);
    assert.deepEqual(recorded, known, 'the trail has every call of a known caller, in order');
  }
}

/** Whether this is an answer about the files of trails. */
function isOfBucket(headers: TextResponse['headers']): boolean {
  return headers['Content-Type'] === 'application/xml';
}

/** The trail's events, their chain unbroken. */
async function trailOf(plane: ControlPlane): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  const range = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, newestFirst: false };
  let hash = '0'.repeat(64);
  for await (const { bytes } of plane.store.readTimeline(trailTimeline, range)) {
    const { event, previous } = parseLine(bytes);
    assert.equal(previous, hash);
    hash = lineHash(bytes);
    const isGlobal = event.eventSource === 'iam.amazonaws.com';
    assert.equal(event.awsRegion, isGlobal ? 'us-east-1' : region);
    events.push(event);
  }
  assert.equal(plane.trailDomain.head.hash, hash);
  return events;
}

/** A failure in AWS's form, which tells nothing that is secret. */
function requireFailure({ headers, body }: TextResponse, secretAccessKey: string): void {
  for (const hidden of [secret, secretBlob, secretAccessKey]) {
    assert.equal(body.includes(hidden), false, `a secret is in ${body}`);
  }
  assert.ok(body.length < 16_384, `an answer of ${body.length} characters`);
  if (headers['Content-Type'] === 'text/xml') {
    assert.match(body, xmlError);
    return;
  }
  if (isOfBucket(headers)) {
    if (body !== '') assert.match(body, bucketError);
    return;
  }
  const code = headers['x-amzn-ErrorType'] ?? '';
  assert.match(code, /^[A-Z]\w+$/);
  const { __type: type, message = '' } = JSON.parse(body);
  assert.equal(typeof message, 'string');
  const isJson11 = headers['Content-Type'] === 'application/x-amz-json-1.1';
  assert.equal(type, isJson11 ? code : undefined);
}

/**
 * Requests to the front door, and what is behind it: each is answered in AWS's form, and nothing a
 * caller sends is answered as if it were our fault.
 *
 * @param replaced gives the services other operations
 */
function apiFuzzer(name: string, replaced?: (service: Service) => Service): Fuzzer {
  return {
    name,
    // The identity fuzzer sends many more.
    roundCount: 75,
    run: async (random) => {
      const plane = await ControlPlane.inProcess(replaced);
      const caller = new RandomCaller(plane, random);
      await caller.begin();
      for (let left = requestCount; left > 0; left--) await caller.step();
      await caller.finish();
    },
  };
}

/** Requests to the API as it is. */
export const apiFuzzers: readonly Fuzzer[] = [apiFuzzer('api')];

/** An API with a bug, which must be found. */
export const apiCanary: Fuzzer = apiFuzzer('api canary', (service) => {
  const listKeys = service.operations['ListKeys'];
  if (listKeys === undefined) return service;
  const handle = () => {
    throw new TypeError('a bug, as it should be');
  };
  return { ...service, operations: { ...service.operations, ListKeys: { ...listKeys, handle } } };
});
