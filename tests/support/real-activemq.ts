// Debian's ActiveMQ, for comparisons.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCertificates } from './certificates.ts';
import { installed } from './debian-packages.ts';
import { until } from './processes.ts';

const home = '/usr/share/activemq';
const storePassword = 'changeit';
/** Milliseconds that a start may take. */
const startTimeoutMs = 120_000;

/** Further parts of its configuration. */
export interface RealParts {
  /** Attributes of the root element. */
  readonly attributes?: string;
  readonly plugins?: string;
  /** Whether its beans are registered, which the statistics of subscriptions need. */
  readonly hasJmx?: boolean;
  /** The element `systemUsage`. */
  readonly systemUsage?: string;
  /** Attributes of the store. */
  readonly store?: string;
  /** Users and their groups; the password of each is `a long password`. */
  readonly users?: Readonly<Record<string, string>>;
}

/** Debian's ActiveMQ over TLS with OpenWire and STOMP, the scheduler, and the user `bob`. */
export class RealActiveMq {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-real-activemq-'));
  #process: ChildProcess | undefined = undefined;
  openwirePort = 0;
  stompPort = 0;

  /** Elements of its configuration. */
  readonly #inside: string;
  readonly #parts: RealParts;

  private constructor(inside: string, parts: RealParts) {
    this.#inside = inside;
    this.#parts = parts;
  }

  /**
   * Starts a broker with an empty store. Returns in one sentence why that is not possible.
   *
   * @param inside elements of its configuration that come before the persistence adapter
   */
  static async start(inside = '', parts: RealParts = {}): Promise<RealActiveMq | string> {
    const why = await installed('activemq', 'openjdk-17-jre-headless');
    if (why !== undefined) return why;
    if (!existsSync(`${home}/bin/activemq.jar`)) return 'activemq has no bin/activemq.jar';
    const real = new RealActiveMq(inside, parts);
    try {
      await real.#prepare();
      await real.#run();
      return real;
    } catch (error) {
      await real.stop();
      throw error;
    }
  }

  get caFile(): string {
    return this.#path('ca.pem');
  }

  /** The folder of its store. */
  get storeFolder(): string {
    return this.#path('data/kahadb');
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  async #prepare(): Promise<void> {
    const { authority, servers } = await testCertificates();
    writeFileSync(this.caFile, authority);
    writeFileSync(this.#path('server.pem'), servers[1]?.certificate ?? '');
    writeFileSync(this.#path('server.key'), servers[1]?.privateKey ?? '');
    const pair = ['-in', this.#path('server.pem'), '-inkey', this.#path('server.key')];
    const store = ['-out', this.#path('server.p12'), '-passout', `pass:${storePassword}`];
    await promisify(execFile)('openssl', ['pkcs12', '-export', ...pair, ...store]);
    this.openwirePort = await freePort();
    this.stompPort = await freePort();
    writeFileSync(this.#path('activemq.xml'), this.#configuration());
    writeFileSync(this.#path('log4j.properties'), 'log4j.rootLogger=OFF\n');
  }

  /**
   * Kills the broker and starts it again over the same store.
   *
   * @param meanwhile may change the store
   */
  async restart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.#kill();
    await meanwhile();
    await this.#run();
  }

  async #run(): Promise<void> {
    const folder = this.#folder;
    const properties = [
      ...[`-Dactivemq.home=${home}`, `-Dactivemq.base=${folder}`, `-Dactivemq.conf=${folder}`],
      ...[`-Dactivemq.data=${this.#path('data')}`, `-Dactivemq.classpath=${folder}`],
      `-Dlog4j.configuration=file:${this.#path('log4j.properties')}`,
    ];
    const main = ['-jar', `${home}/bin/activemq.jar`, 'start'];
    const child = spawn(
      'java',
      ['-Xmx512m', ...properties, ...main, `xbean:file:${this.#path('activemq.xml')}`],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    let output = '';
    const keep = (bytes: Buffer): void => {
      output = (output + bytes.toString()).slice(-2000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const isOpen = async () => {
      if (child.exitCode !== null) throw new Error(`ActiveMQ does not start: ${output}`);
      return (await accepts(this.openwirePort)) && (await accepts(this.stompPort));
    };
    await until('ActiveMQ accepts connections', isOpen, startTimeoutMs);
  }

  #configuration(): string {
    const store = `keyStore="file:${this.#path('server.p12')}" keyStorePassword="${storePassword}"`;
    const data = this.#path('data');
    const { attributes = '', plugins = '', systemUsage = '', hasJmx = false } = this.#parts;
    const { users = { bob: 'admins' }, store: storeAttributes = '' } = this.#parts;
    const userElements = Object.entries(users).map(
      ([name, groups]) =>
        `<authenticationUser username="${name}" password="a long password" groups="${groups}"/>`,
    );
    return `<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans http://www.springframework.org/schema/beans/spring-beans-2.0.xsd http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="b1" useJmx="${hasJmx}"
      schedulerSupport="true" dataDirectory="${data}" ${attributes}>
    ${this.#inside}
    <managementContext><managementContext createConnector="false"/></managementContext>
    <persistenceAdapter><kahaDB directory="${data}/kahadb" ${storeAttributes}/></persistenceAdapter>
    <plugins>
      <simpleAuthenticationPlugin>
        <users>${userElements.join('')}</users>
      </simpleAuthenticationPlugin>
      ${plugins}
    </plugins>
    <sslContext><sslContext ${store} keyStoreType="PKCS12"/></sslContext>
    ${systemUsage}
    <transportConnectors>
      <transportConnector name="ssl" uri="ssl://127.0.0.1:${this.openwirePort}"/>
      <transportConnector name="stomp" uri="stomp+ssl://127.0.0.1:${this.stompPort}"/>
    </transportConnectors>
  </broker>
</beans>
`;
  }

  /** Ends the broker and removes its folder. */
  async stop(): Promise<void> {
    await this.#kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #kill(): Promise<void> {
    const child = this.#process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
