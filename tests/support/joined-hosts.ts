// A service with hosts in network namespaces of this machine, and a real cluster on them.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, password, underKey } from './broker-requests.ts';
import {
  clusterMs,
  clusterRequest,
  describedAs,
  engineVariables,
  isComplete,
  removeClusters,
} from './cluster-machine.ts';
import { HostNetwork, ownAddress, type TestMachine } from './host-network.ts';
import { until } from './processes.ts';
import { Waxwing } from './waxwing.ts';
import { main } from './waxwing-folder.ts';

const folder = '/tmp/waxwing-test-hosts';
const hostsPort = 18_944;
/** Maximum number of attempts of a call that gets no answer. */
const maxAttempts = 5;

interface Listed {
  readonly name: string;
  readonly isConnected: boolean;
  readonly nodeCount: number;
  readonly clockDifferenceSeconds?: number;
}

/** How a service with hosts is started. */
export interface JoinedHostsOptions {
  /** How many other machines there are. */
  readonly count: number;
  readonly leaseSeconds: number;
  /** More arguments of `waxwing serve`. */
  readonly args?: readonly string[];
  /** The variables that name a RabbitMQ and an Erlang; those of this process otherwise. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A service, the machines that can join it, and their cluster. */
export class JoinedHosts {
  readonly network: HostNetwork;
  readonly waxwing: Waxwing;
  keyArn = '';
  brokerId = '';
  /** Of the endpoint of the cluster. */
  url = '';

  readonly #variables: Readonly<Record<string, string>>;

  private constructor(
    network: HostNetwork,
    waxwing: Waxwing,
    variables: Readonly<Record<string, string>>,
  ) {
    this.network = network;
    this.waxwing = waxwing;
    this.#variables = variables;
  }

  /**
   * Starts a service.
   *
   * @param prepare is called before, when the machines are there
   */
  static async start(
    { count, leaseSeconds, args = [], variables = engineVariables }: JoinedHostsOptions,
    prepare: (network: HostNetwork) => void = () => {},
  ): Promise<JoinedHosts> {
    // The network must be there before the service listens on it.
    const network = new HostNetwork(count, folder);
    rmSync(folder, { recursive: true, force: true });
    prepare(network);
    const hosts = ['--hosts-port', `${hostsPort}`, '--node-address', ownAddress, '--zone', 'own'];
    const waxwing = await Waxwing.start({
      args: ['--no-default-broker', ...hosts, '--host-lease-seconds', `${leaseSeconds}`, ...args],
      env: variables,
      maxAttempts,
    });
    return new JoinedHosts(network, waxwing, variables);
  }

  /** Ends and removes everything. */
  async remove(): Promise<void> {
    for (const machine of this.network.machines) await machine.lose();
    await removeClusters(this.waxwing);
    this.network.remove();
    rmSync(folder, { recursive: true, force: true });
  }

  /** Runs `waxwing node …` on the machine of the service. Returns what it prints. */
  node(...args: string[]): string {
    return execFileSync(
      process.execPath,
      [main, 'node', ...args, '--data', this.waxwing.folder.data],
      { encoding: 'utf8', stdio: 'pipe', env: this.waxwing.folder.environment({}) },
    );
  }

  /** What the service knows of a machine; undefined unless it has joined. */
  hostOf(machine: TestMachine): Listed | undefined {
    return this.#listed().find(({ name }) => name === machine.name);
  }

  /** On a machine under load, the service may not answer in time: it is asked again. */
  #listed(attemptsLeft = maxAttempts): Listed[] {
    try {
      return JSON.parse(this.node('list', '--json')).hosts;
    } catch (error) {
      if (attemptsLeft <= 1) throw error;
      return this.#listed(attemptsLeft - 1);
    }
  }

  /** The machines with nodes, and the one without. */
  split(): { readonly used: TestMachine[]; readonly spare: TestMachine | undefined } {
    const hosts = this.#listed();
    const has = (machine: TestMachine) =>
      (hosts.find(({ name }) => name === machine.name)?.nodeCount ?? 0) > 0;
    const { machines } = this.network;
    return { used: machines.filter(has), spare: machines.find((machine) => !has(machine)) };
  }

  /** Waits until the service has lost its connection to a machine: what its nodes answered no longer counts. */
  async isDisconnected(machine: TestMachine): Promise<void> {
    const isLost = () => this.hostOf(machine)?.isConnected === false;
    await until('its host is not connected', isLost, clusterMs);
  }

  /** Lets a machine join. Returns the token. @param zone a number from 0 */
  join(machine: TestMachine, zone: number, more: Readonly<Record<string, string>> = {}): string {
    const token = this.node('token');
    const args = ['join', `https://${ownAddress}:${hostsPort}`, '--address', machine.address];
    const where = ['--name', machine.name, '--zone', `zone-${zone}`, '--data', machine.folder];
    machine.run([...args, ...where, '--token-file', '-'], this.#environment(more), token);
    return token;
  }

  /** Waits until a machine that joins is connected. */
  async isConnected(machine: TestMachine): Promise<void> {
    const isThere = () => this.hostOf(machine)?.isConnected === true;
    await machine.until(`${machine.name} is connected`, isThere, clusterMs);
  }

  /** Runs a machine that has joined. */
  serve(machine: TestMachine, more: Readonly<Record<string, string>> = {}): void {
    const args = ['serve', '--data', machine.folder, '--log-level', 'info'];
    machine.run(args, this.#environment(more));
  }

  #environment(more: Readonly<Record<string, string>>): Record<string, string> {
    return this.waxwing.folder.environment({ ...this.#variables, ...more });
  }

  /**
   * Creates a cluster under a key of its own.
   *
   * @param version of RabbitMQ; the newest that the service has if undefined
   */
  async createCluster(name: string, version?: string): Promise<void> {
    const { waxwing } = this;
    this.keyArn = await createKey(waxwing);
    const request = {
      BrokerName: name,
      PubliclyAccessible: false,
      Users: [{ Username: 'admin', Password: password }],
      ...clusterRequest,
      ...(version !== undefined && { EngineVersion: version }),
      ...underKey(this.keyArn),
    };
    const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
    this.brokerId = BrokerId;
    await describedAs(waxwing, BrokerId, 'RUNNING');
    this.url = await waxwing.brokerUrl(BrokerId);
    await this.complete();
  }

  /** Waits until each node sees all. */
  async complete(): Promise<void> {
    const isWhole = () => isComplete(this.waxwing, 3).catch(() => false);
    await until('the cluster is complete', isWhole, clusterMs);
  }

  /** Waits until the broker runs, and each node sees all. */
  async recovered(): Promise<void> {
    await describedAs(this.waxwing, this.brokerId, 'RUNNING');
    await this.complete();
  }
}

/** The process that serves the volume of the only node of a machine. */
export function volumePidOf(machine: TestMachine): number {
  // In the network of the machine; Go programs have threads, which are no processes.
  const found = machine.processes.find(({ name }) => name === 'gocryptfs');
  if (found === undefined) throw new Error(`no process serves the volume of ${machine.name}`);
  return found.pid;
}
