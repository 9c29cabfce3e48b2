// Primaries and replicas of a control plane without engines.

import {
  type CreateBrokerCommandInput,
  DescribeBrokerCommand,
  PromoteCommand,
  RebootBrokerCommand,
} from '@aws-sdk/client-mq';
import { pairRequest } from './broker-pair.ts';
import type { ControlPlane } from './control-plane.ts';

/** A broker that was created. */
export interface CreatedBroker {
  readonly id: string;
  readonly arn: string;
}

type Changes = Partial<CreateBrokerCommandInput>;

let count = 0;

/** A name that no other broker of {@link PlanePairs} has. */
export function newName(): string {
  count += 1;
  return `b${count}`;
}

/** Requests for brokers that are replicated. */
export class PlanePairs {
  readonly #plane: () => ControlPlane;

  /** @param plane the present one: it may be restarted */
  constructor(plane: () => ControlPlane) {
    this.#plane = plane;
  }

  /** Creates a broker that can be part of a pair, and waits until it runs. */
  async create(changes: Changes = {}): Promise<CreatedBroker> {
    const plane = this.#plane();
    const { BrokerId = '', BrokerArn = '' } = await plane.mq.send(pairRequest(newName(), changes));
    await plane.settled();
    return { id: BrokerId, arn: BrokerArn };
  }

  /** Creates a replica of a broker, whose role is pending. */
  replicaOf(arn: string, changes: Changes = {}): Promise<CreatedBroker> {
    const asked = { DataReplicationMode: 'CRDR', DataReplicationPrimaryBrokerArn: arn } as const;
    return this.create({ ...asked, ...changes });
  }

  describe(BrokerId: string) {
    return this.#plane().mq.send(new DescribeBrokerCommand({ BrokerId }));
  }

  promote(BrokerId: string, Mode: 'SWITCHOVER' | 'FAILOVER') {
    return this.#plane().mq.send(new PromoteCommand({ BrokerId, Mode }));
  }

  async reboot(BrokerId: string): Promise<void> {
    await this.#plane().mq.send(new RebootBrokerCommand({ BrokerId }));
    await this.#plane().settled();
  }

  /** Creates a primary and its replica, which has a copy. */
  async paired(ofReplica: Changes = {}): Promise<Record<'primary' | 'replica', string>> {
    const { id: primary, arn } = await this.create();
    const { id: replica } = await this.replicaOf(arn, ofReplica);
    await this.reboot(primary);
    await this.#plane().advance(1000);
    return { primary, replica };
  }

  /** The members of a description that concern replication. */
  async shown(id: string) {
    const found = await this.describe(id);
    const { DataReplicationMetadata: now, PendingDataReplicationMetadata: pending } = found;
    return [
      found.BrokerState,
      found.DataReplicationMode,
      now?.DataReplicationRole,
      now?.DataReplicationCounterpart?.BrokerId,
      found.PendingDataReplicationMode,
      pending?.DataReplicationRole,
      pending?.DataReplicationCounterpart?.BrokerId,
    ];
  }
}
