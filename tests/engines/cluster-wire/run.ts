// `npm run cluster-wire`: captures every packet of a cluster of RabbitMQ, its clients and the service, and
// proves that all TCP connections are TLS except those to epmd; searches the capture and the files of the
// machine for what was sent; and asks all ports, including those of a pair and of a single broker, which protocols and
// suites they accept. It runs in a network namespace of its own; root is required.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { readable } from '../../../src/cli/drill/plain-text.ts';
import { createKey, password, underKey } from '../../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  describedAs,
  engineVariables,
  isComplete,
  nodePids,
  removeClusters,
} from '../../support/cluster-machine.ts';
import { isInOwnNetwork } from '../../support/own-network.ts';
import { isRunning, until } from '../../support/processes.ts';
import { writeProof } from '../../support/proof.ts';
import { hiddenTexts, placesUnder } from '../../support/readable.ts';
import { Waxwing } from '../../support/waxwing.ts';
import { FaultClients, faultQueue } from '../cluster-faults/clients.ts';
import { FaultLedger } from '../cluster-faults/ledger.ts';
import { Capture, type Direction } from './capture.ts';
import { endpointsOf, portsOf } from './ports.ts';
import { scanAll } from './scan-all.ts';
import { readTls } from './tls-records.ts';

/** Milliseconds of load before and after a node is killed. */
const loadMs = 8000;
/** What a proxy states before TLS begins: addresses alone. */
const proxyLine = /^PROXY TCP4 [\d.]+ [\d.]+ \d+ \d+\r\n/;
/** The ports that are not of a cluster. */
const others = 'service and other ports';
/** Where other programs of the machine could have written what was sent. */
const places = ['/var/log', '/var/lib/rabbitmq', '/var/crash', '/var/tmp'];

/** What the connections to one kind of port were. */
interface Found {
  connections: number;
  records: number;
  bytes: number;
  versions: Record<string, number>;
}

const { values } = parseArgs({ options: { report: { type: 'string' } } });
if (isInOwnNetwork()) {
  const report = await prove();
  console.log(JSON.stringify(report, null, 2));
  writeProof('cluster-wire', report);
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(report));
  process.exit(report.problems.length === 0 ? 0 : 1);
}

async function prove() {
  const problems: string[] = [];
  const capture = await Capture.start();
  const waxwing = await Waxwing.start({ env: engineVariables });
  try {
    const keyArn = await createKey(waxwing);
    const users = [{ Username: 'admin', Password: password }];
    const common = { PubliclyAccessible: false, Users: users, ...underKey(keyArn) };
    const request = { BrokerName: 'wire', ...common, ...clusterRequest };
    const { BrokerId: id = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
    const found = await describedAs(waxwing, id, 'RUNNING');
    const folder = clusterFolder(waxwing, id);
    const url = await waxwing.brokerUrl(id);
    await load(waxwing, url, folder);
    // Before the ports change with a start.
    const ports = portsOf(folder);
    for (const endpoint of endpointsOf(found).values()) {
      ports.set(endpoint, 'endpoint of the cluster');
    }
    const dropped = await capture.stop();
    if (dropped > 0) problems.push(`${dropped} packets were not captured`);
    const wire = examine(capture.directions(), ports, problems);
    const hidden = hiddenTexts(
      faultQueue,
      'amqplib 1',
      'java 1',
      'pika 1',
      password,
      'PRIVATE KEY-----',
    );
    const searched = [
      { name: 'the capture', bytes: readFileSync(capture.file) },
      ...placesUnder(waxwing.folder.data),
    ];
    problems.push(...readable(hidden, searched).map(String));
    problems.push(...inOtherFiles());
    // Reading the capture took longer than the service keeps connections.
    await describedAs(waxwing, id, 'RUNNING');
    const scans = await scanAll(waxwing, id, folder, problems);
    return { wire, searchedFiles: searched.length, alsoSearched: places, scans, problems };
  } finally {
    if (capture !== undefined) capture.remove();
    await removeClusters(waxwing);
  }
}

/** Clients publish and consume, and a node is killed and joins again. */
async function load(waxwing: Waxwing, url: string, folder: string): Promise<void> {
  const caFile = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  const ledger = new FaultLedger();
  const clients = new FaultClients({ url, ca: waxwing.ca, caFile }, ledger);
  await clients.start();
  const isUsed = () => clients.prefixes.every((prefix) => ledger.confirmedOf(prefix) > 10);
  await until('all clients publish', isUsed, clusterMs);
  await delay(loadMs);
  const pid = nodePids(folder).get(2) ?? 0;
  process.kill(pid, 'SIGKILL');
  await until('it has ended', () => !isRunning(pid));
  await delay(loadMs / 2);
  await until(
    'the cluster is complete',
    () => isComplete(waxwing, 3).catch(() => false),
    clusterMs,
  );
  await delay(loadMs);
  await clients.stop();
}

/** Reads all bytes as TLS records, except those to and from epmd. */
function examine(
  directions: readonly Direction[],
  ports: ReadonlyMap<number, string>,
  problems: string[],
): Record<string, Found> {
  const byKind: Record<string, Found> = {};
  for (const direction of directions) {
    const { fromPort, toPort, bytes } = direction;
    const kind = ports.get(toPort) ?? ports.get(fromPort) ?? others;
    const found = byKind[kind] ?? { connections: 0, records: 0, bytes: 0, versions: {} };
    byKind[kind] = found;
    found.bytes += bytes.length;
    if (ports.has(toPort)) found.connections++;
    // pika wakes itself up over a connection whose two ends are both in its process.
    if (kind === others && /^X+$/.test(bytes.toString('latin1'))) continue;
    const problem = kind === 'epmd' ? problemOfEpmd(direction) : examineTls(direction, kind, found);
    if (problem === undefined) continue;
    problems.push(`${direction.stream}, port ${fromPort} to ${toPort} (${kind}): ${problem}`);
  }
  return byKind;
}

/** epmd is told and tells names of nodes and ports: at most some hundred bytes. */
function problemOfEpmd({ bytes }: Direction): string | undefined {
  return bytes.length > 1024 ? `${bytes.length} bytes` : undefined;
}

function examineTls({ bytes, isWhole }: Direction, kind: string, found: Found): string | undefined {
  if (!isWhole) return 'its beginning was not captured';
  const [line = ''] = proxyLine.exec(bytes.toString('latin1', 0, 108)) ?? [];
  try {
    const { recordCount, chosenVersion } = readTls(bytes.subarray(line.length));
    found.records += recordCount;
    if (chosenVersion === undefined) return undefined; // the client's side
    const names = new Map([
      [0x0304, 'TLS 1.3'],
      [0x0303, 'TLS 1.2'],
    ]);
    const name = names.get(chosenVersion) ?? `0x0${chosenVersion.toString(16)}`;
    found.versions[name] = (found.versions[name] ?? 0) + 1;
    const least = kind === 'node to node' ? 0x0304 : 0x0303;
    return chosenVersion < least ? name : undefined;
  } catch (error) {
    return String(error);
  }
}

/** Files of other programs that contain something of what was sent. */
function inOtherFiles(): string[] {
  const texts = [`${faultQueue} `, 'amqplib 1 ', password].flatMap((text) => ['-e', text]);
  const args = ['-rlF', '--binary-files=text', ...texts.slice(2), ...places];
  try {
    const found = execFileSync('grep', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return found.trim().split('\n');
  } catch (error) {
    // 1: nothing was found; 2: a folder does not exist.
    const { stdout = '' } = error as { stdout?: string };
    return stdout.trim() === '' ? [] : stdout.trim().split('\n');
  }
}
