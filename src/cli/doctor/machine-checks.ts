// The checks of `waxwing doctor` on the machine.

import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import type { PortRange } from '../../base/port-range.ts';
import { NetError } from '../../net/errors.ts';
import { listen } from '../../net/listen.ts';
import { existingFolder } from './existing-folder.ts';
import { type Finding, ok, type Place } from './finding.ts';

const mib = 1024 * 1024;
/** Free space below which a warning is given, MiB. */
const roomMib = 1024;
/** Files that a service and some brokers create. */
const filesMin = 1000;
/** Open files that a broker with some thousand connections needs. */
const openFilesMin = 8192;

/** File systems that are not a local disk, by the magic numbers of statfs(2). */
const unusualFileSystems: ReadonlyMap<number, readonly [name: string, why: string]> = new Map([
  [0x6969, ['NFS', 'a second machine may not see the lock; see "Network file systems"']],
  [0xff534d42, ['CIFS', 'a second machine may not see the lock; see "Network file systems"']],
  [0xfe534d42, ['SMB', 'a second machine may not see the lock; see "Network file systems"']],
  [0x65735546, ['FUSE', 'many of these file systems have no locks between machines']],
  [0x01021994, ['tmpfs', 'its contents are lost when the machine stops']],
  [0x794c7630, ['overlay', 'in a container, its contents are lost with the container']],
]);

/** The version of Node, and whether the AWS CLI knows the variable for endpoints. */
export async function checkPrograms(): Promise<Finding[]> {
  const { node, openssl } = process.versions;
  const found = [ok('programs', `Node.js ${node}, OpenSSL ${openssl}`)];
  const version = await awsCliVersion();
  if (version === undefined) return [...found, ok('AWS CLI', 'not installed')];
  const [major, minor] = version;
  const isNew = major > 2 || (major === 2 && minor >= 13) || (major === 1 && minor >= 29);
  const about = { about: 'AWS CLI', what: `version ${major}.${minor}` };
  const fix = "it ignores AWS_ENDPOINT_URL: use 'waxwing aws …' instead of 'aws …'";
  return [...found, isNew ? { ...about, level: 'ok' } : { ...about, level: 'warning', fix }];
}

async function awsCliVersion(): Promise<[number, number] | undefined> {
  try {
    const { stdout } = await promisify(execFile)('aws', ['--version'], { timeout: 20_000 });
    const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? [];
    return major === undefined ? undefined : [Number(major), Number(minor)];
  } catch {
    return undefined; // not installed, or not usable
  }
}

/** The file system of the data folder, and its free space. */
export async function checkDisk({ folder, diskReserveMib }: Place): Promise<Finding[]> {
  const place = existingFolder(folder);
  const { type, bavail, bsize, files, ffree } = await statfs(place);
  const freeMib = Math.floor((bavail * bsize) / mib);
  const what = `${freeMib} MiB are free on ${place}`;
  const fix = 'make room, or move the data folder; publishers are blocked below the reserve';
  const level = freeMib < diskReserveMib ? 'problem' : freeMib < roomMib ? 'warning' : 'ok';
  const found: Finding[] = [{ about: 'disk', level, what, fix: level === 'ok' ? undefined : fix }];
  // Some file systems, such as btrfs, have no fixed number of files.
  if (files > 0 && ffree < filesMin) {
    const few = `only ${ffree} more files are possible on ${place}`;
    const remedy = 'delete files of others: each file takes an inode, whatever its size';
    found.push({ about: 'disk', level: 'problem', what: few, fix: remedy });
  }
  const unusual = unusualFileSystems.get(type);
  if (unusual === undefined) return found;
  const [name, why] = unusual;
  const about = {
    about: 'disk',
    level: 'warning',
    what: `${place} is on ${name}: ${why}`,
  } as const;
  return [...found, { ...about, fix: 'keep the data folder on a local disk' }];
}

/** Memory that may be written to a disk, and the number of files that a process can open. */
export async function checkKernel(): Promise<Finding[]> {
  const swaps = await textOf('/proc/swaps');
  const limits = await textOf('/proc/self/limits');
  const found: Finding[] = [];
  const [, ...used] = swaps.trim().split('\n');
  const names = used.map((line) => line.split(/\s/)[0] ?? '');
  if (names.length === 0) found.push(ok('swap', 'none'));
  else {
    const what = `${names.join(', ')}: memory with messages and keys can be written there`;
    const fix = 'use encrypted swap, or none (swapoff)';
    found.push({ about: 'swap', level: 'warning', what, fix });
  }
  // Node raises its limit to the hard one.
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(limits) ?? [];
  if (hard !== undefined) {
    const isEnough = hard === 'unlimited' || Number(hard) >= openFilesMin;
    const fix = `raise the hard limit to ${openFilesMin} or more: 'ulimit -Hn', LimitNOFILE=`;
    const about = { about: 'open files', what: `at most ${hard}` };
    found.push(isEnough ? { ...about, level: 'ok' } : { ...about, level: 'warning', fix });
  }
  return found;
}

const textOf = (file: string) => readFile(file, 'utf8').catch(() => '');

/** Whether the ports are free, while no service runs on the folder. */
export async function checkPorts(place: Place): Promise<Finding[]> {
  const { host, apiPort, amqpsPort, brokerPorts, sharedPorts = new Map() } = place;
  const found = [
    await portFinding('of the API', host, apiPort, {
      level: 'problem',
      fix: 'stop that program, or start with --api-port N',
    }),
  ];
  if (brokerPorts === undefined || isIn(brokerPorts, amqpsPort)) {
    const otherwise = {
      level: 'warning',
      fix: 'brokers use other ports; stop that program to get this one',
    } as const;
    found.push(await portFinding('of brokers', host, amqpsPort, otherwise));
  }
  if (brokerPorts !== undefined) found.push(await rangeFinding(host, brokerPorts));
  for (const port of new Set(sharedPorts.values())) {
    const otherwise = {
      level: 'problem',
      fix: 'stop that program, or share another port',
    } as const;
    found.push(await portFinding('of all brokers', host, port, otherwise));
  }
  return found;
}

const isIn = ({ first, last }: PortRange, port: number) => port >= first && port <= last;

async function portFinding(
  of: string,
  host: string,
  port: number,
  otherwise: Pick<Finding, 'level' | 'fix'>,
): Promise<Finding> {
  const error = await portError(host, port);
  if (error === undefined) return ok('ports', `port ${port} ${of} on ${host} is free`);
  if (error.code === 'port-in-use') {
    const what = `port ${port} ${of} on ${host}: in use by another program`;
    return { about: 'ports', what, ...otherwise };
  }
  // The text names the remedy.
  return { about: 'ports', what: error.message, level: otherwise.level };
}

/** Ports of a range that are tried: it may have 65,535. */
const triedPortsMax = 100;

/** How many ports of the range of brokers are free. */
async function rangeFinding(host: string, { first, last }: PortRange): Promise<Finding> {
  const end = Math.min(last, first + triedPortsMax - 1);
  const taken: number[] = [];
  for (let port = first; port <= end; port++) {
    if ((await portError(host, port)) !== undefined) taken.push(port);
  }
  const range = `ports ${first} to ${end} of brokers on ${host}`;
  if (taken.length === 0) return ok('ports', `${range} are free`);
  const what = `${range}: cannot use ${taken.slice(0, 10).join(', ')}${taken.length > 10 ? ', …' : ''}`;
  const fix = 'stop the programs that use them, or choose another range with --broker-ports';
  return { about: 'ports', level: 'warning', what, fix };
}

/** The error of listening on a port as the service does; undefined if it can be used. */
async function portError(host: string, port: number): Promise<NetError | undefined> {
  const server = createServer();
  try {
    await listen(server, host, port);
    await new Promise((closed) => server.close(closed));
    return undefined;
  } catch (error) {
    if (error instanceof NetError) return error;
    throw error;
  }
}
