import { createServer } from 'node:net';
import { connect } from 'node:tls';
import type { PortRecord } from '../../src/control/broker-record.ts';
import { allOffers } from '../../src/control/offers/offers.ts';
import { WaxwingEngine } from '../../src/engines/waxwing/engine.ts';
import { planeCertificates } from '../support/certificates.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { openWireLogin } from '../support/openwire-peer.ts';
import { childrenOf } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';
import { type EngineSubject, testEngine } from './engine.contract.ts';

// All engines fulfil the contract: Waxwing's own, and the fake one for tests of the control plane.

const host = '127.0.0.1';

async function waxwing(): Promise<EngineSubject> {
  const folder = new WaxwingFolder();
  const { servers, authority: ca } = await planeCertificates();
  const engine = new WaxwingEngine({
    folder: folder.data,
    host,
    amqpsPort: 0,
    hasTlsParity: false,
    hasInstanceLimits: false,
    ldap: { port: 636, authoritiesFile: undefined },
    room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
    certificates: () => Promise.resolve(servers),
  });
  const open = (port: number) => connect({ host, port, ca });
  return {
    engine,
    isReachable: (_, port) =>
      new Promise((resolve) => {
        const socket = open(port).once('error', () => resolve(false));
        socket.once('secureConnect', () => {
          socket.destroy();
          resolve(true);
        });
      }),
    crash: async () => {
      for (const pid of childrenOf(process.pid)) process.kill(pid, 'SIGKILL');
    },
    failLogin: ([first], password) =>
      new Promise((resolve) => {
        const socket = open(first?.port ?? 0);
        socket.once('secureConnect', () => socket.write('AMQP\0\0\x09\x01', 'latin1'));
        socket.once('data', () => socket.write(startOk(password)));
        socket.once('close', () => resolve());
        socket.once('error', () => resolve());
      }),
    occupy: (port) =>
      new Promise((resolve, reject) => {
        const server = createServer().once('error', reject);
        server.listen(port, host, () =>
          resolve(() => new Promise((closed) => server.close(() => closed()))),
        );
      }),
    hasMetrics: true,
    close: async () => folder.remove(),
  };
}

/** An OpenWire log-in. */
function failLogin(ports: readonly PortRecord[], password: string): Promise<void> {
  const port = ports.find(({ listener }) => listener === 'openwire+ssl')?.port ?? 0;
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    socket.once('secureConnect', () => socket.write(openWireLogin('admin', password)));
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
    socket.resume();
  });
}

/** `connection.start-ok` with PLAIN. */
function startOk(password: string): Buffer {
  const text = (value: string) => Buffer.from(value, 'latin1');
  const long = (value: string) =>
    Buffer.concat([Buffer.from([0, 0, 0, value.length]), text(value)]);
  const short = (value: string) => text(String.fromCharCode(value.length) + value);
  const fields = [long(''), short('PLAIN'), long(`\0admin\0${password}`), short('en_US')];
  const payload = Buffer.concat([Buffer.from([0, 10, 0, 11]), ...fields]);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, payload.length]);
  return Buffer.concat([head, payload, Buffer.of(0xce)]);
}

async function fake(): Promise<EngineSubject> {
  const engine = new FakeEngine(new Map(), undefined, allOffers);
  return {
    engine,
    isReachable: async (brokerId) => engine.running.has(brokerId),
    crash: async (brokerId) => engine.crash(brokerId),
    hasMetrics: false,
    close: async () => {},
  };
}

testEngine('Waxwing', { engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' }, waxwing);
testEngine(
  'Waxwing, of ActiveMQ’s type',
  { engineType: 'ACTIVEMQ', deploymentMode: 'SINGLE_INSTANCE' },
  async () => ({ ...(await waxwing()), failLogin }),
  !isLong,
);
for (const offer of allOffers) {
  testEngine(`fake, ${offer.engineType} ${offer.deploymentMode}`, offer, fake);
}
