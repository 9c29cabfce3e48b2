// Composition of the engine that runs pairs of ActiveMQ.

import { rootCertificates } from 'node:tls';
import { ActiveMqEngine } from '../../engines/activemq/engine.ts';
import { findPairInstallation } from '../../engines/activemq/installation.ts';
import type { CertificateKeeper } from '../certificates/certificate-keeper.ts';
import type { SystemState } from '../compose.ts';
import type { Settings } from '../settings.ts';
import { pairsFolder } from '../system-volume.ts';

const mib = 1024 * 1024;
/** Connections of a connector. */
const connectionCountMax = 1000;
const sealingContext = 'password of a user of a pair';

/** Composes the engine with the ActiveMQ of this machine, if there is one. */
export async function pairEngine(
  settings: Settings,
  state: Pick<SystemState, 'sealSecret' | 'openSecret' | 'certificates'>,
  certificates: Pick<CertificateKeeper, 'broker'>,
): Promise<ActiveMqEngine> {
  return new ActiveMqEngine({
    dataFolder: settings.folder,
    folder: pairsFolder(settings.folder),
    host: settings.host,
    amqpsPort: settings.amqpsPort,
    brokerPorts: settings.brokerPorts,
    servicePorts: [...settings.publicAccess.sharedPorts.values()],
    hasTlsParity: settings.hasTlsParity,
    memoryBytesMax: settings.memoryLimitMib && settings.memoryLimitMib * mib,
    connectionCountMax,
    authorities: () => [
      state.certificates.brokerAuthority,
      ...(settings.shovelAuthorities === undefined ? [] : [settings.shovelAuthorities]),
      ...rootCertificates,
    ],
    installation: await findPairInstallation(process.env),
    certificates: (brokerId) => certificates.broker(brokerId),
    seal: (password) => state.sealSecret(sealingContext, password),
    open: (sealed) => state.openSecret(sealingContext, sealed),
  });
}
