// The fuzzer of identity: calls of many callers to all services, through the whole dispatcher. No
// call crashes, has an effect without its event, or is allowed without the policies that allow it.

import assert from 'node:assert/strict';
import type { EventRecord } from '../../../src/audit/record.ts';
import { parseLine } from '../../../src/audit/trail.ts';
import { noPermission, type Service } from '../../../src/aws/service.ts';
import type { HttpRequest } from '../../../src/net/http/message.ts';
import type { Entry } from '../../../src/storage/journal.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { quicklySigned } from '../../support/quick-signature.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { requestFor } from '../../support/shape-requests.ts';
import type { TextResponse } from '../../support/text-response.ts';
import { bent, tampered, type Unsigned } from '../api-requests.ts';
import { Pool, secret } from '../api-values.ts';
import type { Fuzzer } from '../fuzzer.ts';
import { type FuzzCaller, principalOf } from './callers.ts';
import { keyPolicy, policyOfPrincipal, trustPolicy } from './documents.ts';
import { type Expectation, expectationOf, type Input } from './expected.ts';
import { identityInput } from './inputs.ts';

/** Requests of one world. */
const requestsPerRound = 400;

/** Operations that hash a password or draw a picture, which takes as long as a hundred others. */
const slow =
  /^(CreateLoginProfile|UpdateLoginProfile|ChangePassword|CreateBroker|CreateUser:mq|UpdateUser:mq|CreateVirtualMFADevice)$/;

/** The journals whose changes every caller can cause only with an event. */
const guarded = new Set(['iam', 'identity', 'kms', 'mq-configurations']);

/** What all rounds have done. */
const figures = {
  requests: 0,
  damaged: 0,
  succeeded: 0,
  refusedAndRecorded: 0,
  refusedBeforeAuthentication: 0,
  /** Compared with the second evaluator: the policies deny the call, or allow it. */
  deniedByPolicies: 0,
  allowedByPolicies: 0,
  effects: 0,
};
/** Requests by service and wire. */
const byWire: Record<string, number> = {};

const users = ['anna', 'bert', 'carl'];

/** What an answered request did. */
interface Outcome {
  readonly answer: TextResponse;
  readonly batches: readonly (readonly Entry[])[];
}

/** An account with users, groups, roles, policies and keys, and all who call it. */
class World {
  readonly #plane: ControlPlane;
  readonly #random: SeededRandom;
  readonly #pool = new Pool();
  readonly #callers: FuzzCaller[] = [];
  readonly #secrets = new Set([secret]);
  #batches: (readonly Entry[])[] = [];
  readonly #operations: readonly (readonly [Service, string])[];

  constructor(plane: ControlPlane, random: SeededRandom) {
    this.#plane = plane;
    this.#random = random;
    plane.onCommit = (batch) => this.#batches.push(batch);
    this.#operations = plane.services.flatMap((service) =>
      Object.keys(service.operations).map((name) => [service, name] as const),
    );
  }

  async begin(): Promise<void> {
    const random = this.#random;
    const document = () => JSON.stringify(policyOfPrincipal(random));
    for (const PolicyName of ['p1', 'p2']) {
      await this.#asRoot('iam', 'CreatePolicy', { PolicyName, PolicyDocument: document() });
    }
    const policy = `arn:aws:iam::${this.#plane.iamDomain.accountId()}:policy/p1`;
    for (const UserName of users) {
      const bounded = random.oneIn(4) ? { PermissionsBoundary: policy } : {};
      const tagged = random.oneIn(2) ? { Tags: [{ Key: 'team', Value: 'orders' }] } : {};
      await this.#asRoot('iam', 'CreateUser', { UserName, ...bounded, ...tagged });
      const PolicyDocument = document();
      await this.#asRoot('iam', 'PutUserPolicy', { UserName, PolicyName: 'own', PolicyDocument });
      await this.#asRoot('iam', 'CreateAccessKey', { UserName });
    }
    for (const GroupName of ['ops', 'dev']) {
      await this.#asRoot('iam', 'CreateGroup', { GroupName });
      const PolicyDocument = document();
      await this.#asRoot('iam', 'PutGroupPolicy', { GroupName, PolicyName: 'own', PolicyDocument });
      await this.#asRoot('iam', 'AddUserToGroup', { GroupName, UserName: random.pick(users) });
    }
    for (const RoleName of ['reader', 'writer']) {
      const AssumeRolePolicyDocument = JSON.stringify(trustPolicy(random));
      await this.#asRoot('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument });
      const PolicyDocument = document();
      await this.#asRoot('iam', 'PutRolePolicy', { RoleName, PolicyName: 'own', PolicyDocument });
    }
    for (const alias of ['alias/a', 'alias/b']) {
      const Policy = JSON.stringify(keyPolicy(random));
      const BypassPolicyLockoutSafetyCheck = true;
      const made = await this.#asRoot('kms', 'CreateKey', {
        Policy,
        BypassPolicyLockoutSafetyCheck,
      });
      const { Arn } = JSON.parse(made.body).KeyMetadata;
      await this.#asRoot('kms', 'CreateAlias', { AliasName: alias, TargetKeyId: Arn }, false);
    }
  }

  get #root(): FuzzCaller {
    return { kind: 'root', id: '', credentials: this.#plane.credentials };
  }

  async #asRoot(serviceName: string, name: string, input: Input, mustSucceed = true) {
    const service = this.#plane.services.find((each) => each.name === serviceName);
    assert.ok(service);
    const { answer } = await this.#send(
      this.#signed(this.#plainOf(service, name, input), this.#root),
    );
    if (mustSucceed) assert.equal(answer.status, 200, `${name}: ${answer.body}`);
    this.#note(service, name, input, this.#root, answer);
    return answer;
  }

  /** One request of a random caller, mostly right, now and then damaged. */
  async step(): Promise<void> {
    const random = this.#random;
    const [service, name] = this.#operation();
    const input = identityInput(
      service.name,
      service.operations[name]?.input ?? assert.fail(),
      random,
      this.#pool,
    );
    const caller = random.oneIn(8) ? this.#root : random.pick(this.#callers);
    const right = this.#plainOf(service, name, input);
    const kind = random.below(12);
    const plain = kind === 0 ? bent(right, random) : right;
    const signed = this.#signed(plain, caller);
    const request = kind === 1 ? tampered(signed, random) : signed;
    const isKnown = principalOf(this.#plane, caller) !== undefined;
    const expected: Expectation =
      kind < 2 ? 'unknown' : expectationOf(this.#plane, service, name, input, caller);
    const told = `${service.name}:${name} ${JSON.stringify(input)} by ${caller.kind}`;
    const { answer, batches } = await this.#send(request);
    requireRecorded(answer, batches, told);
    count(kind < 2, expected, answer, batches);
    if (expected === 'denied') assert.ok(answer.status >= 400, `${told} is not denied`);
    if (expected === 'exact') {
      assert.doesNotMatch(answer.body, /is not authorized to perform/, `${told} is denied`);
    }
    if (!isKnown) assert.ok(answer.status >= 400, `${told}: the caller does not exist`);
    if (kind !== 0) this.#note(service, name, input, caller, answer);
    await this.#timePasses();
  }

  async #timePasses(): Promise<void> {
    if (this.#random.oneIn(100)) await this.#plane.advance(this.#random.below(900_000));
  }

  #operation(): readonly [Service, string] {
    for (;;) {
      const [service, name] = this.#random.pick(this.#operations);
      const isSlow = slow.test(name) || slow.test(`${name}:${service.name}`);
      if (isSlow && !this.#random.oneIn(30)) continue;
      // Sessions make the most interesting callers.
      if (service.name !== 'sts' && this.#random.oneIn(12)) continue;
      return [service, name];
    }
  }

  #plainOf(service: Service, name: string, input: Input): Unsigned {
    const operation = service.operations[name];
    assert.ok(operation !== undefined);
    const wire = this.#random.pick(service.wires);
    const plain = requestFor(service, name, operation, input, wire);
    const of = `${service.name} ${wire}`;
    byWire[of] = (byWire[of] ?? 0) + 1;
    const isForm = wire === 'query' && this.#random.oneIn(4);
    if (!isForm) return { service: service.name, ...plain };
    const query = Object.fromEntries(new URLSearchParams(String(plain.body)));
    return { service: service.name, method: 'GET', path: '/', headers: {}, query, body: '' };
  }

  #signed({ service, ...plain }: Unsigned, { credentials }: FuzzCaller): HttpRequest {
    const atMs = this.#plane.machine.clock.nowMs();
    return quicklySigned(plain, { ...credentials, region, service, atMs });
  }

  async #send(request: HttpRequest): Promise<Outcome> {
    this.#batches = [];
    const answer = await this.#plane.answer(request);
    const batches = this.#batches;
    assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} ${answer.body}`);
    await this.#plane.settled();
    return { answer, batches };
  }

  /** Remembers new callers, keys and secrets. */
  #note(
    service: Service,
    name: string,
    input: Input,
    caller: FuzzCaller,
    { status, body }: TextResponse,
  ): void {
    if (status !== 200) return;
    for (const element of ['SecretAccessKey', 'SessionToken', 'Base32StringSeed']) {
      const value = inElement(body, element);
      if (value !== '') this.#secrets.add(value);
    }
    if (service.name === 'kms' && body !== '') this.#pool.note(JSON.parse(body));
    const made = callerIn(this.#plane, name, input, caller, body);
    if (made !== undefined) this.#callers.push(made);
    if (this.#callers.length > 30) this.#callers.splice(this.#random.below(20), 1);
  }

  /** Requires that nothing went wrong behind the answers, and that no secret was written. */
  finish(): void {
    const { unexpectedErrors, written } = this.#plane;
    assert.deepEqual(unexpectedErrors, []);
    for (const each of this.#secrets) assert.ok(!written.includes(each), 'a secret is written');
  }
}

function count(
  isDamaged: boolean,
  expected: Expectation,
  { status }: TextResponse,
  batches: Outcome['batches'],
): void {
  figures.requests += 1;
  if (isDamaged) figures.damaged += 1;
  if (expected === 'denied') figures.deniedByPolicies += 1;
  else if (expected !== 'unknown') figures.allowedByPolicies += 1;
  if (status < 400) figures.succeeded += 1;
  else if (batches.length > 0) figures.refusedAndRecorded += 1;
  else figures.refusedBeforeAuthentication += 1;
  if (batches.some((batch) => batch.some(isEffect))) figures.effects += 1;
}

/** The caller that an answer brings; undefined if it brings none. */
function callerIn(
  plane: ControlPlane,
  name: string,
  input: Input,
  caller: FuzzCaller,
  body: string,
): FuzzCaller | undefined {
  const accessKeyId = inElement(body, 'AccessKeyId');
  const secretAccessKey = inElement(body, 'SecretAccessKey');
  if (secretAccessKey === '') return undefined;
  if (name === 'CreateAccessKey') {
    const id = plane.iamDomain.journal.accessKey(accessKeyId)?.userId;
    const credentials = { accessKeyId, secretAccessKey };
    return id === undefined ? undefined : { kind: 'user', id, credentials };
  }
  const credentials = {
    accessKeyId,
    secretAccessKey,
    sessionToken: inElement(body, 'SessionToken'),
  };
  const expiresMs = Date.parse(inElement(body, 'Expiration'));
  const common = { credentials, expiresMs };
  // The sessions of the root user have rules of their own.
  if (name !== 'AssumeRole' && caller.kind !== 'user') return undefined;
  if (name === 'GetSessionToken') return { ...common, kind: 'user-session', id: caller.id };
  const { Policy, PolicyArns, Tags } = input;
  const limits = {
    ...(Policy !== undefined && { policies: [String(Policy)] }),
    policyArns: ((PolicyArns ?? []) as { arn: string }[]).map(({ arn }) => arn),
    tags: Object.fromEntries(
      ((Tags ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => [Key, Value]),
    ),
  };
  if (name === 'GetFederationToken') {
    return { ...common, ...limits, kind: 'federated', id: caller.id, name: String(input['Name']) };
  }
  const [id = '', session = ''] = inElement(body, 'AssumedRoleId').split(':');
  return { ...common, ...limits, kind: 'role-session', id, name: session };
}

function inElement(body: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? '';
}

/**
 * Requires one event for the call of a known caller, in the batch of its effects, and no effects of a
 * call that failed.
 */
function requireRecorded(
  { status, headers, body }: TextResponse,
  batches: readonly (readonly Entry[])[],
  told: string,
): void {
  const id = headers['x-amzn-RequestId'];
  const own = batches.filter((batch) => eventsIn(batch).some(({ requestID }) => requestID === id));
  assert.ok(own.length <= 1, `${told} has ${own.length} events`);
  const [batch = []] = own;
  const [event] = eventsIn(batch);
  if (status < 400) {
    assert.ok(event !== undefined, `${told} is not in the trail`);
    assert.equal(event.errorCode, undefined, told);
  } else if (event !== undefined) assert.ok(event.errorCode, `${told}: ${body}`);
  for (const each of batches) {
    const effects = each.filter((entry) => isEffect(entry));
    if (effects.length === 0) continue;
    assert.ok(eventsIn(each).length > 0, `${told} has an effect without an event`);
    if (each === batch) assert.ok(status < 400, `${told} failed, with an effect`);
  }
}

function eventsIn(batch: readonly Entry[]): readonly EventRecord[] {
  return batch.flatMap((entry) => ('bytes' in entry ? [parseLine(entry.bytes).event] : []));
}

/** Whether an entry changes accounts or keys. The last use of a key is no effect. */
function isEffect(entry: Entry): boolean {
  if (!('journal' in entry) || !guarded.has(entry.journal)) return false;
  const put = 'put' in entry.change ? entry.change.put : undefined;
  return put !== 'key-use' && put !== 'role-use';
}

/**
 * @param replaced gives the services other operations
 */
function identityFuzzer(name: string, replaced?: (service: Service) => Service): Fuzzer {
  return {
    name,
    roundCount: 10,
    longRoundCount: 2500,
    figures: () => ({ ...figures, ...byWire }),
    run: async (random, tally) => {
      const plane = await ControlPlane.inProcess(replaced);
      const world = new World(plane, random);
      await world.begin();
      for (let left = requestsPerRound; left > 0; left--) {
        tally.input();
        await world.step();
      }
      world.finish();
    },
  };
}

/** Calls of users, sessions and the root user, with all policies there are. */
export const identityFuzzers: readonly Fuzzer[] = [identityFuzzer('identity')];

const canary = identityFuzzer('identity canary', (service) => {
  const createGroup = service.operations['CreateGroup'];
  if (createGroup === undefined) return service;
  const unchecked = { ...createGroup, permissions: noPermission('it is forgotten') };
  return { ...service, operations: { ...service.operations, CreateGroup: unchecked } };
});

/** An operation that everyone may call, which must be found. */
export const identityCanary: Fuzzer = { ...canary, firstSeed: 11 };
