// Calls about brokers that several pages make.

import {
  DescribeBrokerCommand,
  type DescribeBrokerCommandOutput,
  ListBrokersCommand,
  MqClient,
} from '@aws-sdk/client-mq';
import { useQuery } from '@tanstack/react-query';
import { clientOf } from '../aws/clients.ts';

/** The client of Amazon MQ's API. */
export const mq = (): MqClient => clientOf(MqClient);

const changing = /_IN_PROGRESS$/;
/** The interval at which brokers that change are read again, milliseconds. */
export const changingMs = 2000;

/** Whether a broker is in a state that it leaves by itself. */
export function isChanging(state: string | undefined): boolean {
  return changing.test(state ?? '');
}

/** Lists brokers, a page at a time. */
export async function listBrokers(token: string | undefined) {
  const command = new ListBrokersCommand({ MaxResults: 25, NextToken: token });
  const { BrokerSummaries = [], NextToken } = await mq().send(command);
  return { items: BrokerSummaries, next: NextToken };
}

/** A described broker. */
export type Broker = DescribeBrokerCommandOutput;

/** Whether the service's own engine runs a broker. Clusters and pairs are run by installed ones. */
export function isOfService({ DeploymentMode: mode }: Broker): boolean {
  return mode === 'SINGLE_INSTANCE';
}

/**
 * Whether the service refuses to describe a broker: it is deleted, or the person may not. Unlike a service
 * that starts again, this does not pass.
 */
export function isRefused(error: Error | null): boolean {
  return error !== null && '$fault' in error && error.$fault === 'client';
}

/** Describes a broker, and again while it changes. */
export function useBroker(id: string) {
  return useQuery<Broker>({
    queryKey: ['broker', id],
    queryFn: () => mq().send(new DescribeBrokerCommand({ BrokerId: id })),
    refetchInterval: ({ state: { data, error } }) =>
      isChanging(data?.BrokerState) && !isRefused(error) ? changingMs : false,
  });
}
