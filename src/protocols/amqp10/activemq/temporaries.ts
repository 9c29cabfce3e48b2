// The temporary destinations of a connection.

import type { TemporaryDestinations } from '../../../broker/activemq/temporary-destinations.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import type { Access } from '../../../broker/users.ts';
import { AmqpError } from '../errors.ts';
import { temporaryCountMax } from '../limits.ts';
import type { DynamicNode } from '../links/link.ts';

/** The connection that temporary destinations are created for. */
interface TemporaryOwner {
  readonly temporaries: TemporaryDestinations;
  /** `ID:...` */
  readonly connectionId: string;
  /** The connection. Its access is known after the log-in. */
  readonly owner: { readonly access: Access };
}

/** The temporary destinations that a connection creates with dynamic nodes. */
export class Temporaries {
  readonly #of: TemporaryOwner;
  #count = 0;
  #lastNumber = 0;

  constructor(of: TemporaryOwner) {
    this.#of = of;
  }

  /**
   * Creates a destination.
   *
   * @throws {AmqpError} `resource-limit-exceeded` if there are too many
   * @throws {BrokerError} `access-refused`
   */
  create(isTopic: boolean): Address {
    if (this.#count >= temporaryCountMax) {
      const why = `more than ${temporaryCountMax} temporary destinations of one connection`;
      throw new AmqpError('resource-limit-exceeded', why, { scope: 'link' });
    }
    const { temporaries, connectionId, owner } = this.#of;
    const kind = isTopic ? 'temporary-topic' : 'temporary-queue';
    const address: Address = { kind, name: `${connectionId}:${++this.#lastNumber}` };
    temporaries.create(address, owner, owner.access);
    this.#count++;
    return address;
  }

  /** A destination that {@link create} returned, as a node that lives as long as its link. */
  node(address: Address): DynamicNode {
    return { delete: () => this.delete(address) };
  }

  /** Deletes a destination that {@link create} returned. */
  delete(address: Address): void {
    this.#count--;
    this.#of.temporaries.delete(address, this.#of.owner);
  }
}
