// ActiveMQ as a measured broker.

import { ensurePackages, installedVersion } from '../../peers/debian-packages.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { freePort } from '../../ports.ts';
import { runProgram } from '../../processes.ts';
import { LocalBroker } from './local-broker.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';

const home = '/usr/share/activemq';
const storePassword = 'bench-only';

interface Ports {
  readonly openwire: number;
  readonly stomp: number;
}

/**
 * Debian's ActiveMQ with KahaDB, which syncs by default, and Debian's limits of memory. It serves
 * OpenWire and STOMP. Debian has no library for its MQTT and its AMQP 1.0.
 */
export class ActiveMq implements ProtocolPeer {
  readonly name = 'activemq';
  readonly version: string;
  readonly #broker: LocalBroker;
  readonly #ports: Ports;

  private constructor(version: string, broker: LocalBroker, ports: Ports) {
    this.version = version;
    this.#broker = broker;
    this.#ports = ports;
  }

  static async create(settings: PeerSettings): Promise<ActiveMq> {
    await ensurePackages({
      [`${home}/bin/activemq.jar`]: 'activemq',
      jcmd: 'openjdk-17-jdk-headless',
    });
    const version = await installedVersion('activemq');
    const broker = await LocalBroker.create(`${settings.runFolder}/activemq`);
    const certificate = ['-in', broker.path('server.pem'), '-inkey', broker.path('server.key')];
    const store = ['-out', broker.path('server.p12'), '-passout', `pass:${storePassword}`];
    await runProgram('openssl', ['pkcs12', '-export', ...certificate, ...store]);
    const ports = { openwire: await freePort(), stomp: await freePort() };
    broker.write('activemq.xml', configuration(broker, ports));
    broker.write('log4j.properties', quiet);
    return new ActiveMq(`ActiveMQ ${version}`, broker, ports);
  }

  async start(): Promise<void> {
    const { folder } = this.#broker;
    const command = [
      'java',
      // Debian's limits. The heap is resident from the start, so that growing into it is not taken
      // for the memory of connections.
      ...['-Xms512M', '-Xmx512M', '-XX:+AlwaysPreTouch'],
      '-Dorg.apache.activemq.UseDedicatedTaskRunner=true',
      ...[`-Dactivemq.home=${home}`, `-Dactivemq.base=${folder}`, `-Dactivemq.conf=${folder}`],
      ...[`-Dactivemq.data=${this.#broker.dataFolder}`, `-Dactivemq.classpath=${folder}`],
      `-Dlog4j.configuration=file:${this.#broker.path('log4j.properties')}`,
      ...['-jar', `${home}/bin/activemq.jar`, 'start'],
      `xbean:file:${this.#broker.path('activemq.xml')}`,
    ];
    await this.#broker.start(command, Object.values(this.#ports));
  }

  async stop(): Promise<void> {
    await this.#broker.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    if (protocol !== 'openwire' && protocol !== 'stomp') return undefined;
    return {
      ...{ host: '127.0.0.1', port: this.#ports[protocol] },
      ...{ user: 'bench', password: 'bench', tls: { caFile: this.#broker.path('ca.pem') } },
    };
  }

  pids(): number[] {
    return this.#broker.pids();
  }

  /** The heap is resident as a whole: what it holds after a collection stands for it. */
  async memoryKiB(): Promise<number> {
    const pid = String(this.pids()[0]);
    await runProgram('jcmd', [pid, 'GC.run']);
    const shown = await runProgram('jcmd', [pid, 'GC.heap_info']);
    const heap = /total (\d+)K, used (\d+)K/.exec(shown);
    if (!heap) throw new Error(`jcmd shows no heap: ${shown}`);
    return this.#broker.rssKiB() - Number(heap[1]) + Number(heap[2]);
  }

  brokerKiB(): number {
    return this.#broker.rssKiB();
  }
}

const quiet = `log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%p %m%n
`;

function configuration(broker: LocalBroker, ports: Ports): string {
  const store = `keyStore="file:${broker.path('server.p12')}" keyStorePassword="${storePassword}"`;
  const only = 'transport.enabledProtocols=TLSv1.3';
  return `<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans-2.0.xsd http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="localhost" useJmx="false"
      dataDirectory="${broker.dataFolder}">
    <persistenceAdapter><kahaDB directory="${broker.dataFolder}/kahadb"/></persistenceAdapter>
    <plugins>
      <simpleAuthenticationPlugin>
        <users><authenticationUser username="bench" password="bench" groups="admins"/></users>
      </simpleAuthenticationPlugin>
    </plugins>
    <sslContext><sslContext ${store} keyStoreType="PKCS12"/></sslContext>
    <transportConnectors>
      <transportConnector name="ssl" uri="ssl://127.0.0.1:${ports.openwire}?${only}"/>
      <transportConnector name="stomp+nio+ssl" uri="stomp+nio+ssl://127.0.0.1:${ports.stomp}?${only}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}
