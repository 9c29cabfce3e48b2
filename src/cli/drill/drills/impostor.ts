// The drill `impostor`.

import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { brokerWithMessages } from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';

const timeoutMs = 10_000;

/** Somebody answers in place of the service. */
export const impostor: Drill = {
  name: 'impostor',
  promise: 'Clients do not accept another server as the service, or a broker as the API.',
  run: async (lab) => {
    const [service, other] = [await lab.service(), await lab.otherService()];
    const { endpoint } = await brokerWithMessages(lab, service);
    const brokerPort = Number(new URL(endpoint).port);
    const { all, ofApi } = await lab.step('trust', 'trusted the authorities of the service', () =>
      authoritiesOf(service),
    );
    const attempts = [
      ['the API', service.apiPort, all, true],
      ['the broker', brokerPort, all, true],
      ['another service on this machine', other.apiPort, all, false],
      ['the broker in place of the API', brokerPort, ofApi, false],
    ] as const;
    for (const [name, port, ca, isTrusted] of attempts) await saw(lab, name, port, ca, isTrusted);
  },
};

/** The certificates that clients trust: for everything, and only for the API. */
export async function authoritiesOf(
  service: ServiceProcess,
): Promise<{ readonly all: string; readonly ofApi: string }> {
  const ofApi = await readFile(service.environment.AWS_CA_BUNDLE ?? '', 'utf8');
  return { all: await service.authorities(), ofApi };
}

async function saw(
  lab: Lab,
  name: string,
  port: number,
  ca: string,
  isTrusted: boolean,
): Promise<void> {
  const refusal = await refusalOf(port, ca);
  lab.saw(
    `a client ${isTrusted ? 'accepts' : 'refuses'} ${name}`,
    (refusal === undefined) === isTrusted,
    refusal ?? 'accepted',
  );
}

/** Why a client refuses the server at a port; undefined if it accepts it. */
function refusalOf(port: number, ca: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: 'localhost', port, ca }, () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')));
    socket.on('error', ({ message }) => resolve(message));
  });
}
