// The official clients of the root user of a control plane.

import { Agent } from 'node:https';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { KMSClient } from '@aws-sdk/client-kms';
import { MqClient } from '@aws-sdk/client-mq';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Credentials } from './callers.ts';
import { region } from './control-plane.ts';

type Clients = Readonly<{ mq: MqClient; kms: KMSClient; trail: CloudTrailClient }>;

/** The official clients that the control plane keeps for the root user. */
export class PlaneClients {
  readonly #agent: Agent;
  readonly #clients: Clients;
  readonly #clock: Clock;

  /** @param clock the clock of the control plane, by which requests are signed */
  constructor(
    { url, ca }: { readonly url: string; readonly ca: string },
    credentials: Credentials,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#agent = new Agent({ ca, keepAlive: true });
    const options = {
      endpoint: url,
      region,
      credentials,
      requestHandler: { httpsAgent: this.#agent },
      maxAttempts: 1,
    };
    this.#clients = {
      mq: new MqClient(options),
      kms: new KMSClient(options),
      trail: new CloudTrailClient(options),
    };
  }

  /** A client whose clock shows the time of the control plane. */
  inTime<Name extends keyof Clients>(name: Name): Clients[Name] {
    const client = this.#clients[name];
    client.config.systemClockOffset = this.#clock.nowMs() - systemClock.nowMs();
    return client;
  }

  destroy(): void {
    for (const client of Object.values(this.#clients)) client.destroy();
    this.#agent.destroy();
  }
}
