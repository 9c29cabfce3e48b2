// The test service behind the real pipeline.

import type { Wire } from '../../../src/aws/errors.ts';
import { RequestError } from '../../../src/aws/errors.ts';
import { Dispatcher } from '../../../src/aws/pipeline/dispatch.ts';
import { ServiceRegistry } from '../../../src/aws/pipeline/registry.ts';
import type { Service } from '../../../src/aws/service.ts';
import { Authenticator } from '../../../src/aws/signing/authenticate.ts';
import { json10, json11 } from '../../../src/aws/wires/json.ts';
import { query } from '../../../src/aws/wires/query.ts';
import { restJson } from '../../../src/aws/wires/rest-json.ts';
import { restXml } from '../../../src/aws/wires/rest-xml.ts';
import { rpcV2Cbor } from '../../../src/aws/wires/rpc-v2-cbor.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { HttpListener } from '../../../src/net/http/http-listener.ts';
import { RouteTable } from '../../../src/net/http/route-table.ts';
import { apiAdmissionLimits } from '../../../src/net/limits.ts';
import { defaultTlsPolicy } from '../../../src/net/tls-policy.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { accessKeyId, accountId, region, root, secretAccessKey } from '../../support/test-api.ts';
import { echoService } from './echo-service.ts';

/** Every wire, in the order in which they are asked whether they know a request. */
export const wires = [rpcV2Cbor, json10, json11, query, restXml, restJson] as const;

/** The test service on one wire, behind the real pipeline. */
export class EchoServer {
  readonly service: Service;
  readonly dispatcher: Dispatcher;
  /** An unexpected error. */
  readonly unexpectedErrors: unknown[] = [];
  readonly #listener: HttpListener;
  port = 0;
  readonly ca: string;

  private constructor(wire: Wire, certificates: Awaited<ReturnType<typeof planeCertificates>>) {
    this.service = echoService(wire);
    const services = new ServiceRegistry();
    services.add(this.service);
    const authenticator = new Authenticator({
      findAccessKey: (id) =>
        id === accessKeyId
          ? { caller: root, secret: () => new Secret(secretAccessKey) }
          : undefined,
      region,
      globalRegion: { name: 'us-east-1', services: [] },
      clock: systemClock,
    });
    this.dispatcher = new Dispatcher({
      services,
      wires,
      region,
      accountId,
      clock: systemClock,
      random: systemRandom,
      hooks: {
        authorise: () => {},
        record: () => [],
        commit: () => Promise.resolve(),
        onUnexpectedError: (error) => this.unexpectedErrors.push(error),
        claim: (request, serviceName) => authenticator.claim(request, serviceName),
        tokenHolder: () => {
          throw new RequestError('wrong-token', 'There are no tokens here.');
        },
        refused: () => {},
      },
    });
    this.ca = certificates.authority;
    this.#listener = new HttpListener({
      host: '127.0.0.1',
      certificates: certificates.servers,
      policy: defaultTlsPolicy,
      admissionLimits: apiAdmissionLimits,
      routes: new RouteTable().handle('*', '/*', this.dispatcher),
      clock: systemClock,
    });
  }

  /** Begins to answer on a free port. */
  static async open(wire: Wire): Promise<EchoServer> {
    const server = new EchoServer(wire, await planeCertificates());
    server.port = await server.#listener.open(0);
    return server;
  }

  close(): Promise<void> {
    return this.#listener.close(0);
  }
}
