// Messages to destinations that the broker answers itself.

import type { Address, Properties } from '../../conversion/properties.ts';
import type { Value } from '../../conversion/value.ts';
import type { MessageFormat } from '../../format.ts';
import type { Access } from '../../users.ts';
import type { DestinationAction } from '../rights/rights.ts';

/** A message to a destination that the broker answers itself. */
export interface ServiceRequest {
  /** The destination of the message. */
  readonly address: Address;
  readonly properties: Properties;
  /** The format of the message, which its replies have too. */
  readonly format: MessageFormat;
  readonly access: Access;
}

/** A destination that the broker answers itself. */
export interface Service {
  /** Whether a destination belongs to the service. */
  owns(address: Address): boolean;
  /** Performs a request, later if it takes long. */
  take(request: ServiceRequest): void;
}

/** The operations of the broker that services need. */
export interface ServiceHost {
  /** Sends a reply, if the sender of the request may send to its reply address. */
  reply(request: ServiceRequest, properties: Properties): void;
  /** Whether the sender of the request may do something with a destination. */
  permits(request: ServiceRequest, action: DestinationAction, address: Address): boolean;
}

/** Returns a header of a request; undefined if it has none with this name. */
export function headerOf({ properties }: ServiceRequest, name: string): Value | undefined {
  return properties.headers.find(([each]) => each === name)?.[1];
}

/** Returns a header as text. */
export function textOf(request: ServiceRequest, name: string): string | undefined {
  const value = headerOf(request, name)?.value;
  return value === undefined || value === null || typeof value === 'object'
    ? undefined
    : String(value);
}
