// Official clients of the test service.

import { Agent } from 'node:https';
import { KMSClient } from '@aws-sdk/client-kms';
import {
  AwsJson1_0Protocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
  AwsRestXmlProtocol,
  AwsSmithyRpcV2CborProtocol,
} from '@aws-sdk/core/protocols';
import { makeBuilder } from '@smithy/core/client';
import { getEndpointPlugin } from '@smithy/core/endpoints';
import type { Wire } from '../../../src/aws/errors.ts';
import type { Service } from '../../../src/aws/service.ts';
import { accessKeyId, region, secretAccessKey } from '../../support/test-api.ts';
import { fromSdk, sdkOperation, toSdk } from './sdk-schemas.ts';

const target = 'EchoService';
const defaultNamespace = 'com.example';
const xmlNamespace = 'https://echo.example.com/';

/** The parameters of the clients' endpoint rules. */
const endpointParameters = {
  UseFIPS: { type: 'builtInParams', name: 'useFipsEndpoint' },
  Endpoint: { type: 'builtInParams', name: 'endpoint' },
  Region: { type: 'builtInParams', name: 'region' },
  UseDualStack: { type: 'builtInParams', name: 'useDualstackEndpoint' },
} as const;

/** How the official clients speak each wire. */
const protocols = {
  'json-1.0': () => new AwsJson1_0Protocol({ defaultNamespace, serviceTarget: target }),
  'json-1.1': () => new AwsJson1_1Protocol({ defaultNamespace, serviceTarget: target }),
  'rest-json': () => new AwsRestJsonProtocol({ defaultNamespace }),
  'rest-xml': () => new AwsRestXmlProtocol({ defaultNamespace, xmlNamespace }),
  query: () => new AwsQueryProtocol({ defaultNamespace, xmlNamespace, version: '2026-11-01' }),
  'rpc-v2-cbor': () => new AwsSmithyRpcV2CborProtocol({ defaultNamespace }),
} as const satisfies Record<Wire, () => unknown>;

/**
 * An official client of our test service: its own signatures, transport, retries and errors; and,
 * made of our shapes, what it sends and reads.
 */
export class SdkClient {
  readonly #client: KMSClient;
  readonly #service: Service;

  constructor(service: Service, port: number, ca: string) {
    this.#service = service;
    this.#client = new KMSClient({
      endpoint: `https://127.0.0.1:${port}`,
      region,
      credentials: { accessKeyId, secretAccessKey },
      requestHandler: { httpsAgent: new Agent({ ca, keepAlive: true }) },
      maxAttempts: 1,
      protocol: protocols[service.wires[0]]() as never,
    });
  }

  /** Makes a call, with values as operations have them. */
  async call(name: string, input: object): Promise<Record<string, unknown>> {
    const operation = this.#service.operations[name];
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const build = makeBuilder(endpointParameters, target, 'KMSClient', getEndpointPlugin);
    const Command = build({}, () => [], name, sdkOperation(name, operation) as never);
    const command = new Command(toSdk(operation.input, input) as never);
    const { $metadata, ...output } = await this.#client.send(command as never);
    return fromSdk(operation.output, output) as Record<string, unknown>;
  }

  close(): void {
    this.#client.destroy();
  }
}
