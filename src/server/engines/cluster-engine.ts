// Composition of the engine that runs clusters of RabbitMQ.

import { RabbitMqEngine } from '../../engines/rabbitmq/engine.ts';
import type { HostDirectory } from '../../engines/rabbitmq/hosts/host-directory.ts';
import { findInstallations } from '../../engines/rabbitmq/installation.ts';
import type { ListenerAccess } from '../../net/tls-listener.ts';
import type { CertificateKeeper } from '../certificates/certificate-keeper.ts';
import { brokerName } from '../certificates/server-certificates.ts';
import type { SystemState } from '../compose.ts';
import type { Settings } from '../settings.ts';
import { clustersFolder } from '../system-volume.ts';

const mib = 1024 * 1024;
/** The zone of machines that state none. */
const defaultZone = 'default';

/** Composes the engine with the RabbitMQ of this machine, if there is one. */
export async function clusterEngine(
  settings: Settings,
  state: Pick<SystemState, 'certificates'>,
  certificates: Pick<CertificateKeeper, 'broker'>,
  access: ListenerAccess,
  directory: HostDirectory,
): Promise<RabbitMqEngine> {
  return new RabbitMqEngine({
    dataFolder: settings.folder,
    folder: clustersFolder(settings.folder),
    host: settings.host,
    access,
    amqpsPort: settings.amqpsPort,
    brokerPorts: settings.brokerPorts,
    servicePorts: [...settings.publicAccess.sharedPorts.values()],
    hasTlsParity: settings.hasTlsParity,
    room: {
      memoryBytesMax: settings.memoryLimitMib && settings.memoryLimitMib * mib,
      diskReserveBytes: settings.diskReserveMib * mib,
    },
    local: { address: settings.hosts?.address, zone: settings.zone ?? defaultZone },
    directory,
    installations: await findInstallations(),
    certificates: (brokerId) => certificates.broker(brokerId),
    authority: () => state.certificates.brokerAuthority,
    serverName: brokerName,
    peerAuthorities: settings.shovelAuthorities === undefined ? [] : [settings.shovelAuthorities],
  });
}
