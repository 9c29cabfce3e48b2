// A cluster whose parts fail: processes, volumes, the network, a disk, a clock, a key, the service.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, describeBroker, password, underKey } from '../../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  describedAs,
  engineVariables,
  isComplete,
  nodePids,
  processesOf,
  removeClusters,
} from '../../support/cluster-machine.ts';
import { disableKey, enableKey } from '../../support/keys.ts';
import { isRunning, until } from '../../support/processes.ts';
import { SkewedRabbitMq } from '../../support/skewed-rabbitmq.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { Waxwing } from '../../support/waxwing.ts';

/** Size of the file system of the node whose disk can be full, MiB. */
const diskMib = 900;
/** The node with that disk. */
const fullNode = 3;
/** The one whose clock can be wrong. */
export const skewedNode = 2;
/** Milliseconds after which all nodes have been asked how they are. */
const lookedMs = 2500;

/** A real cluster in a network namespace of its own, which {@link run} faults. */
export class FaultedCluster {
  #skewed: SkewedRabbitMq | undefined = undefined;
  #waxwing: Waxwing | undefined = undefined;
  #disk: SmallDisk | undefined = undefined;
  #brokerId = '';
  #keyArn = '';
  #folder = '';
  /** The mounted folder of the volume on the small disk. */
  #bound = '';
  version = '';

  get waxwing(): Waxwing {
    if (this.#waxwing === undefined) throw new Error('the service was not started');
    return this.#waxwing;
  }

  url(): Promise<string> {
    return this.waxwing.brokerUrl(this.#brokerId);
  }

  /** Starts the service and a cluster, one of whose volumes is on a small disk. */
  async start(): Promise<void> {
    this.#skewed = await SkewedRabbitMq.create(`rabbit${skewedNode}@*`);
    this.version = this.#skewed.version;
    this.#waxwing = Waxwing.begin({
      args: ['--no-default-broker'],
      env: { ...engineVariables, WAXWING_RABBITMQ_HOME: this.#skewed.home },
    });
    await this.#greeted();
    this.#keyArn = await createKey(this.waxwing);
    const request = {
      BrokerName: 'faults',
      PubliclyAccessible: false,
      Users: [{ Username: 'admin', Password: password }],
      ...clusterRequest,
      ...underKey(this.#keyArn),
    };
    const { BrokerId = '' } = await this.waxwing.mq.send(new CreateBrokerCommand(request));
    this.#brokerId = BrokerId;
    await describedAs(this.waxwing, BrokerId, 'RUNNING');
    this.#folder = clusterFolder(this.waxwing, BrokerId);
    await this.#moveToSmallDisk();
    await this.recovered();
  }

  async #moveToSmallDisk(): Promise<void> {
    const disk = SmallDisk.mount(diskMib);
    if (typeof disk === 'string') throw new Error(disk);
    this.#disk = disk;
    const [volume = ''] = /vol-[0-9a-f]+/.exec(this.#environmentOf(fullNode)) ?? [];
    const folder = join(this.#folder, volume);
    await this.waxwing.stop();
    const copy = join(disk.folder, 'volume');
    execFileSync('cp', ['-a', folder, copy]);
    this.#bound = folder;
    execFileSync('mount', ['--bind', copy, folder]);
    this.waxwing.begin();
    await this.#greeted();
  }

  /** Waits for the service, for long on a machine under load. */
  async #greeted(): Promise<void> {
    const { waxwing } = this;
    const greeted = () =>
      waxwing.greeted().then(
        () => true,
        () => !waxwing.isRunning,
      );
    await until('a greeting', greeted, clusterMs);
    await waxwing.askEnvironment();
  }

  #environmentOf(number: number): string {
    return readFileSync(`/proc/${this.#pid(number)}/environ`, 'latin1');
  }

  #pid(number: number): number {
    const pid = nodePids(this.#folder).get(number);
    if (pid === undefined) throw new Error(`node ${number} does not run`);
    return pid;
  }

  /** The process that serves the volume of a node. */
  #volumePid(number: number): number {
    const [id = ''] = /vol-[0-9a-f]+/.exec(this.#environmentOf(number)) ?? [];
    const found = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .find((name) => {
        const words = textOf(`/proc/${name}/cmdline`).split('\0');
        return words[0] === 'gocryptfs' && words.some((word) => word.endsWith(id));
      });
    if (found === undefined) throw new Error(`no process serves the volume of node ${number}`);
    return Number(found);
  }

  /** Waits until all nodes see each other and the broker runs. */
  async recovered(): Promise<void> {
    await delay(lookedMs);
    await describedAs(this.waxwing, this.#brokerId, 'RUNNING');
    const isWhole = () => isComplete(this.waxwing, 3).catch(() => false);
    await until('the cluster is complete', isWhole, clusterMs);
  }

  /** Kills the virtual machines of nodes at once. */
  async killNodes(numbers: readonly number[]): Promise<void> {
    const pids = numbers.map((number) => this.#pid(number));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('they have ended', () => !pids.some(isRunning));
  }

  /** Kills the process that serves the volume of a node. */
  async killVolume(number: number): Promise<void> {
    const node = this.#pid(number);
    process.kill(this.#volumePid(number), 'SIGKILL');
    await until('its node has ended', () => !isRunning(node), clusterMs);
  }

  async freezeNode(number: number, ms: number): Promise<void> {
    await freeze(this.#pid(number), ms);
  }

  /** Stops the process that serves a volume for good: the service must fence it, and end the node. */
  async loseVolume(number: number): Promise<void> {
    const node = this.#pid(number);
    process.kill(this.#volumePid(number), 'SIGSTOP');
    await until('its node has ended', () => !isRunning(node), clusterMs);
  }

  async freezeVolume(number: number, ms: number): Promise<void> {
    await freeze(this.#volumePid(number), ms);
  }

  /** Lets the process that serves a volume run for a fifth of the time. */
  async slowVolume(number: number, ms: number): Promise<void> {
    const pid = this.#volumePid(number);
    const endMs = performance.now() + ms;
    while (performance.now() < endMs) {
      await freeze(pid, 80);
      await delay(20);
    }
  }

  /** Separates a node from the others: no packet passes between them, in either direction. */
  async partition(number: number, ms: number): Promise<void> {
    const ports = new Map(
      processesOf(this.#folder).flatMap(({ environment }): [string, string][] => {
        const get = (name: string) =>
          environment.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
        return [[get('RABBITMQ_NODENAME'), get('RABBITMQ_DIST_PORT')]];
      }),
    );
    const own = [...ports].find(([name]) => name.startsWith(`rabbit${number}@`))?.[1] ?? '';
    const others = [...ports.values()].filter((port) => port !== own && port !== '');
    const pid = this.#pid(number);
    const open = execFileSync('ss', ['-Htnp', 'state', 'established'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(`pid=${pid},`))
      .map((line) => line.trim().split(/\s+/).slice(2, 4).map(portOf))
      .filter(([, peer = '']) => others.includes(peer));
    const rules = [
      ['--dport', own],
      ['--sport', own],
      ...open.flatMap(([local = '', peer = '']) => [
        ['--sport', local, '--dport', peer],
        ['--sport', peer, '--dport', local],
      ]),
      // Between the others, there are connections already.
      ...others.map((port) => ['--dport', port, '--syn']),
    ];
    for (const rule of rules) filter('-A', rule);
    await delay(ms);
    for (const rule of rules) filter('-D', rule);
  }

  async fillDisk(ms: number): Promise<void> {
    this.#disk?.fill();
    await delay(ms);
    this.#disk?.free();
  }

  /** Starts the node with a wrong clock, or with the right one again. */
  async skewClock(minutes: number): Promise<void> {
    this.#skewed?.setClock(minutes);
    await this.killNodes([skewedNode]);
  }

  /** @throws unless the clock of a node is wrong by this many minutes, as it tells clients over HTTPS */
  async requireSkew(number: number, minutes: number): Promise<void> {
    const own = `pid=${this.#pid(number)},`;
    const ports = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(own))
      .map((line) => Number(portOf(line.split(/\s+/)[3] ?? '')));
    const clocks = (await Promise.all(ports.map(dateAt))).filter((ms) => ms !== undefined);
    const skews = clocks.map((ms) => Math.round((ms - Date.now()) / 60_000));
    if (skews.some((skew) => Math.abs(skew - minutes) <= 2)) return;
    throw new Error(`the clock of node ${number} is wrong by ${skews} min, not ${minutes}`);
  }

  async disableKey(): Promise<void> {
    await again(() => disableKey(this.waxwing.kms, this.#keyArn));
    await describedAs(this.waxwing, this.#brokerId, 'CRITICAL_ACTION_REQUIRED');
    await until('nothing runs', () => nodePids(this.#folder).size === 0, clusterMs);
    await again(() => enableKey(this.waxwing.kms, this.#keyArn));
  }

  async killService(): Promise<void> {
    await this.waxwing.kill();
    this.waxwing.begin();
    await this.#greeted();
  }

  /** What the service said, and how its broker is: for a failure. */
  async state(): Promise<string> {
    const found = await describeBroker(this.waxwing, this.#brokerId).catch(String);
    const { BrokerState, ActionsRequired } = typeof found === 'string' ? {} : found;
    const said = this.waxwing.output.slice(-4000);
    return `${BrokerState} ${JSON.stringify(ActionsRequired)}\n${said}`;
  }

  async remove(): Promise<void> {
    if (this.#waxwing?.isRunning) await this.#waxwing.stop();
    if (this.#bound !== '') {
      execFileSync('umount', ['-l', this.#bound]);
      this.#disk?.remove();
    }
    if (this.#waxwing !== undefined) await removeClusters(this.#waxwing);
    this.#skewed?.remove();
  }
}

/** Makes a call again until it succeeds, for a while. */
async function again(call: () => Promise<unknown>): Promise<void> {
  await until('the call', () =>
    call().then(
      () => true,
      () => false,
    ),
  );
}

async function freeze(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await delay(ms);
  // It may have been ended in the meantime, because it did not answer.
  if (isRunning(pid)) process.kill(pid, 'SIGCONT');
}

function filter(action: '-A' | '-D', rule: readonly string[]): void {
  execFileSync('iptables', ['-w', action, 'INPUT', '-i', 'lo', '-p', 'tcp', ...rule, '-j', 'DROP']);
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** The time that a server of HTTPS states, milliseconds; undefined if there is none on a port. */
function dateAt(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { port, rejectUnauthorized: false, timeout: 3000 };
    const request = get(`https://127.0.0.1:${port}/api/overview`, options, (response) => {
      response.resume();
      const { date } = response.headers;
      resolve(date === undefined ? undefined : Date.parse(date));
    });
    request.once('error', () => resolve(undefined));
    request.once('timeout', () => request.destroy(new Error('no answer')));
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // it has ended
  }
}
