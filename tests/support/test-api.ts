// A small API for tests of the pipeline.

import { statusService } from '../../src/api/status/service.ts';
import { AwsError, RequestError } from '../../src/aws/errors.ts';
import { LocalClient } from '../../src/aws/local-client.ts';
import { Dispatcher, type RefusedRequest } from '../../src/aws/pipeline/dispatch.ts';
import type { PipelineHooks } from '../../src/aws/pipeline/pipeline.ts';
import { ServiceRegistry } from '../../src/aws/pipeline/registry.ts';
import { type BatchEntry, NoPermission, operation, type Service } from '../../src/aws/service.ts';
import {
  blob,
  boolean,
  document,
  enumeration,
  integer,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../src/aws/shapes/shape.ts';
import { Authenticator } from '../../src/aws/signing/authenticate.ts';
import { json11 } from '../../src/aws/wires/json.ts';
import { query } from '../../src/aws/wires/query.ts';
import { restJson } from '../../src/aws/wires/rest-json.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { CompletedCall } from '../../src/calls/completed-call.ts';
import { tokenHolder } from '../../src/server/metrics.ts';
import { ManualClock } from './manual-clock.ts';
import { type PlainRequest, type Signing, signRequest } from './sign-request.ts';

export const accessKeyId = 'AKIAEXAMPLEEXAMPLE22';
export const secretAccessKey = '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';
export const accountId = '123456789012';
export const region = 'eu-central-1';
export const metricsToken = 'token-of-the-scraper';

/** The account's root user. */
export const root: Caller = {
  type: 'root',
  accountId,
  arn: `arn:aws:iam::${accountId}:root`,
  principalId: accountId,
};

/** Two small services, one a wire, that official clients can call; they keep aliases. */
export class ToyServices {
  readonly aliases = new Set<string>();
  /** A promise that an asynchronous operation waits for before it decides. */
  gate: Promise<void> = Promise.resolve();

  get kms(): Service {
    return {
      name: 'kms',
      wires: ['json-1.1'],
      targetPrefixes: ['TrentService'],
      eventSource: 'kms.amazonaws.com',
      apiVersion: '2014-11-01',
      operations: {
        Encrypt: this.#encrypt(),
        CreateAlias: this.#createAlias(),
        ListAliases: this.#listAliases(),
        DescribeKey: operation({
          action: 'kms:DescribeKey',
          readOnly: true,
          input: structure({ KeyId: required(string({ min: 1, max: 2048 })) }),
          output: structure({ KeyMetadata: document() }),
          handle: () => {
            throw new TypeError('a bug');
          },
        }),
      },
    };
  }

  get mq(): Service {
    return {
      name: 'mq',
      wires: ['rest-json'],
      eventSource: 'amazonmq.amazonaws.com',
      apiVersion: '2017-11-27',
      operations: {
        CreateBroker: operation({
          action: 'mq:CreateBroker',
          readOnly: false,
          http: { method: 'POST', path: '/v1/brokers' },
          input: structure({
            brokerName: required(string()),
            engineType: enumeration(['RABBITMQ'], { anyCase: true }),
            publiclyAccessible: boolean(),
            users: list(
              structure({ username: string(), password: sensitive(string({ min: 12 }), '***') }),
            ),
            tags: map(string(), string()),
          }),
          output: structure({ brokerId: string(), created: timestamp('date-time') }),
          handle: (input, { nowMs }) => ({
            output: { brokerId: `b-${input.brokerName}`, created: nowMs },
          }),
        }),
        DescribeBroker: operation({
          action: 'mq:DescribeBroker',
          readOnly: true,
          http: { method: 'GET', path: '/v1/brokers/{brokerId}' },
          input: structure({ brokerId: required(string()) }),
          output: structure({ brokerId: string() }),
          handle: ({ brokerId }) => {
            throw new AwsError('NotFoundException', `no broker ${brokerId}`, {
              status: 404,
              members: { errorAttribute: 'broker-id' },
            });
          },
        }),
        ListBrokers: operation({
          action: 'mq:ListBrokers',
          readOnly: true,
          http: { method: 'GET', path: '/v1/brokers' },
          input: structure({ maxResults: integer({ min: 5, max: 100 }), nextToken: string() }),
          output: structure({ nextToken: string() }),
          handle: ({ maxResults }) => ({ output: { nextToken: String(maxResults) } }),
        }),
        DeleteTags: operation({
          action: 'mq:DeleteTags',
          readOnly: false,
          http: { method: 'DELETE', path: '/v1/tags/{resourceArn}', status: 204 },
          input: structure({
            resourceArn: required(string()),
            tagKeys: required(list(string())),
          }),
          output: structure({}),
          handle: () => ({ output: {} }),
        }),
      },
    };
  }

  #encrypt() {
    return operation({
      action: 'kms:Encrypt',
      readOnly: true,
      input: structure({
        KeyId: required(string({ min: 1, max: 2048 })),
        Plaintext: required(sensitive(blob({ min: 1, max: 4096 }))),
        EncryptionContext: map(string(), string()),
      }),
      output: structure({ CiphertextBlob: blob(), KeyId: string() }),
      handle: (input) => ({
        output: { CiphertextBlob: Buffer.from(input.Plaintext).reverse(), KeyId: input.KeyId },
        resources: [{ arn: input.KeyId, type: 'AWS::KMS::Key', accountId }],
      }),
    });
  }

  #createAlias() {
    return operation({
      action: 'kms:CreateAlias',
      readOnly: false,
      input: structure({
        AliasName: required(string({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ })),
        TargetKeyId: required(string({ min: 1, max: 2048 })),
      }),
      output: structure({}),
      handle: async ({ AliasName }) => {
        await this.gate;
        return () => {
          if (this.aliases.has(AliasName)) throw new AwsError('AlreadyExistsException', AliasName);
          return { output: {}, changes: [{ journal: 'kms', change: { alias: AliasName } }] };
        };
      },
    });
  }

  #listAliases() {
    return operation({
      action: 'kms:ListAliases',
      readOnly: true,
      input: structure({ Limit: integer({ min: 1, max: 100 }) }),
      output: structure({ Aliases: list(structure({ AliasName: string(), At: timestamp() })) }),
      handle: () => ({
        output: { Aliases: [...this.aliases].map((AliasName) => ({ AliasName, At: 1500 })) },
      }),
    });
  }
}

/** The front door over the toy services, and all that it told others. */
export class TestApi {
  readonly clock = new ManualClock();
  readonly toys = new ToyServices();
  readonly recorded: CompletedCall[] = [];
  readonly committed: (readonly BatchEntry[])[] = [];
  readonly refused: RefusedRequest[] = [];
  readonly unexpectedErrors: unknown[] = [];
  readonly dispatcher: Dispatcher;
  readonly local: LocalClient;
  /** Rejects every batch while it is set. */
  commitFailure: Error | undefined = undefined;
  /** What the readiness endpoint tells. */
  isReady = true;
  /** Actions that are denied. */
  readonly denied = new Set<string>();

  /** @param more services beside the toys */
  constructor(more: readonly Service[] = []) {
    const services = new ServiceRegistry();
    services.add(this.toys.kms);
    services.add(this.toys.mq);
    for (const service of more) services.add(service);
    const metrics = { contentType: 'text/plain', text: 'up 1\n' };
    services.add(
      statusService(
        async () => metrics,
        () => this.isReady,
      ),
    );
    const place = { services, region, accountId, clock: this.clock, random: systemRandom };
    const hooks = this.#hooks();
    const authenticator = new Authenticator({
      findAccessKey: (id, token) =>
        id === accessKeyId && token === undefined
          ? { caller: root, secret: () => new Secret(secretAccessKey) }
          : undefined,
      region,
      globalRegion: { name: 'us-east-1', services: [] },
      clock: this.clock,
    });
    this.dispatcher = new Dispatcher({
      ...place,
      wires: [json11, query, restJson],
      hooks: {
        ...hooks,
        claim: (request, serviceName) => authenticator.claim(request, serviceName),
        tokenHolder: (token) => tokenHolder([new Secret(metricsToken)], token),
        refused: (request) => this.refused.push(request),
      },
    });
    this.local = new LocalClient({ ...place, hooks });
  }

  #hooks(): PipelineHooks {
    return {
      authorise: (permissions) => {
        if (permissions instanceof NoPermission) return;
        const wrong = permissions.find(({ action }) => this.denied.has(action));
        if (wrong) throw new RequestError('access-denied', `not authorized: ${wrong.action}`);
      },
      record: (call) => {
        this.recorded.push(call);
        return [{ timeline: 'audit', atMs: call.atMs, bytes: Buffer.from(call.eventId) }];
      },
      commit: (batch) => {
        if (this.commitFailure) return Promise.reject(this.commitFailure);
        this.committed.push(batch);
        for (const entry of batch) {
          if ('journal' in entry) this.toys.aliases.add((entry.change as { alias: string }).alias);
        }
        return Promise.resolve();
      },
      onUnexpectedError: (error) => this.unexpectedErrors.push(error),
    };
  }

  /** A request signed with the root access key. */
  signed(service: string, plain: PlainRequest, changes: Partial<Signing> = {}) {
    const atMs = this.clock.nowMs();
    return signRequest(plain, { accessKeyId, secretAccessKey, region, service, atMs, ...changes });
  }

  /** A signed call of the toy key service. */
  kmsRequest(name: string, body: string) {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${name}`,
      'user-agent': 'test/1.0',
    };
    return this.signed('kms', { method: 'POST', path: '/', headers, body });
  }

  /** A signed call of the toy broker service. */
  mqRequest(method: string, path: string, query: Record<string, string | string[]>, body: string) {
    return this.signed('mq', { method, path, query, headers: {}, body });
  }
}
