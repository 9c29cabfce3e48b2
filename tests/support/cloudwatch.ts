// A service and the clients of CloudWatch and CloudWatch Logs.

import { Agent } from 'node:https';
import type { CalledService } from './client-environment.ts';
import { region } from './control-plane.ts';
import { Waxwing } from './waxwing.ts';

/** Starts a service in the region of the tests' clients, without a broker. */
export function startInRegion(): Promise<Waxwing> {
  return Waxwing.start({ args: ['--no-default-broker', '--region', region] });
}

/** What external clients need of a service. */
export function calledService({ environment, ca }: Waxwing): CalledService {
  return {
    endpoint: { url: environment['AWS_ENDPOINT_URL'] ?? '', ca },
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  };
}

/** The options of an official JavaScript client. */
export function clientOptions(called: CalledService) {
  const { endpoint, credentials } = called;
  const httpsAgent = new Agent({ ca: endpoint.ca, keepAlive: false });
  const requestHandler = { httpsAgent };
  return { endpoint: endpoint.url, region, credentials, requestHandler, maxAttempts: 1 };
}
