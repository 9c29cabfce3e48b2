// The state that the connections of a broker share.

import { activeMqOf } from '../../broker/activemq/activemq.ts';
import type { Broker } from '../../broker/broker.ts';
import { Advisories } from './advisories/advisories.ts';
import { type BrokerInfo, brokerInfo, types } from './codec/commands.gen.ts';
import { encodeFormatInfo } from './codec/wire-format.ts';
import { frameBytesMax } from './limits.ts';
import { Outcomes } from './transactions/outcomes.ts';
import type { XaBranch } from './transactions/xa-branch.ts';

/** Room in a frame for everything but the body, in bytes. */
const headRoomBytes = 1024 * 1024;

/** A connection as others see it. */
export interface OpenConnection {
  readonly access: { readonly user: string };
  /** The client has connected again: ends, and calls back once everything is released. */
  takeOver(released: () => void): void;
}

/** The state that the connections of a broker share. */
export class SharedState {
  readonly broker: Broker;
  /** Connections by their id. */
  readonly connections = new Map<string, OpenConnection>();
  /** XA transactions by the text of their xid. */
  readonly branches = new Map<string, XaBranch>();
  readonly outcomes: Outcomes;
  readonly advisories: Advisories;
  /** The broker's id in advisories and BrokerInfo. */
  readonly brokerId: string;
  readonly frameBytesMax: number;
  /** Sent to all clients after the negotiation. */
  readonly brokerInfo: BrokerInfo;
  /** The WireFormatInfo that is sent to all clients, with its length. */
  readonly formatInfo: Buffer;

  constructor(broker: Broker) {
    this.broker = broker;
    this.brokerId = `ID:waxwing-${broker.randomName()}-0:1`;
    this.frameBytesMax = Math.min(frameBytesMax, broker.limits.bodyBytesMax + headRoomBytes);
    const { engineVersion, brokerName } = broker;
    this.brokerInfo = brokerInfo({
      brokerId: { type: types.BrokerId, value: this.brokerId },
      brokerUrl: '',
      brokerName,
      peerBrokerInfos: [],
    });
    this.formatInfo = encodeFormatInfo({ engineVersion, frameBytesMax: this.frameBytesMax });
    this.outcomes = new Outcomes(() => broker.nowMs());
    this.advisories = new Advisories(activeMqOf(broker), this.brokerId);
  }
}
