// What the resources of the API share.

import type { Clock } from '../base/clock.ts';
import type { Broker } from '../broker/broker.ts';
import { Administration } from '../broker/rabbitmq/administration.ts';
import type { Shovels } from '../broker/rabbitmq/shovels/shovel-status.ts';
import { Rates } from './rates/rates.ts';

/** A port of the broker. */
export interface ListenerFacts {
  /** The name in RabbitMQ: `amqp/ssl`, `https`. */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

/** What the API tells about the process and its machine. */
export interface NodeFacts {
  readonly listeners: () => readonly ListenerFacts[];
  /** When the first certificate of the ports expires, milliseconds since 1970. */
  readonly certificatesExpireAtMs: () => number;
  /** Free space of the broker's disk, bytes. */
  readonly diskFreeBytes: () => Promise<number>;
  /** Free space below which publishers are blocked, bytes. */
  readonly diskReserveBytes: number;
  readonly openFileCount: () => Promise<number>;
  /** Connections that have begun, including those that have not logged in. */
  readonly socketCount: () => number;
}

/** The functions of the program that the API needs. */
export interface ManagementOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly node: NodeFacts;
  /** Whether administrators may change operator policies. */
  readonly changesOperatorPolicies: boolean;
  /** Undefined if the broker has none. */
  readonly shovels?: Shovels | undefined;
  /** Hashes a password for storage. */
  readonly hashPassword: (password: string) => Promise<string>;
}

/** The state that all requests share. */
export class Management {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly node: NodeFacts;
  readonly shovels: Shovels | undefined;
  readonly changesOperatorPolicies: boolean;
  readonly administration: Administration;
  readonly rates: Rates;
  readonly startedAtMs: number;

  constructor(options: ManagementOptions) {
    const { broker, clock, node, shovels, hashPassword } = options;
    this.broker = broker;
    this.clock = clock;
    this.node = node;
    this.shovels = shovels;
    this.changesOperatorPolicies = options.changesOperatorPolicies;
    this.administration = new Administration(broker, { hashPassword });
    this.rates = new Rates(broker, clock);
    this.startedAtMs = clock.nowMs() - process.uptime() * 1000;
  }

  /** The name of the only node. */
  get nodeName(): string {
    return nodeName;
  }

  /** The version of RabbitMQ that clients expect, with three numbers. */
  get version(): string {
    const { engineVersion } = this.broker;
    return engineVersion.split('.').length > 2 ? engineVersion : `${engineVersion}.0`;
  }
}

/** The name of the node in every answer. Every broker has exactly one. */
export const nodeName = 'rabbit@localhost';
