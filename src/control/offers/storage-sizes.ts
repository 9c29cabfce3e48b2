// The choice of the storage size of a broker.

import { refuse } from '../rules.ts';
import type { Offer } from './offer.ts';
import { isOlder } from './offers.ts';

/** The parts of a request that determine the size of a broker's volumes. */
interface SizeChoice {
  readonly hostInstanceType: string;
  readonly engineVersion: string;
  /** GB */
  readonly storageSize?: number | undefined;
}

/**
 * Returns the size of a broker's volumes in GB: the requested size, or the smallest; null if brokers
 * of its kind, version and instance type have only one size.
 *
 * @throws {ControlError} 'bad-request'
 */
export function chooseStorageSize(offer: Offer, choice: SizeChoice): number | null {
  const { hostInstanceType, engineVersion, storageSize } = choice;
  const sizes = offer.instanceTypes.find(({ name }) => name === hostInstanceType)?.storageSizes;
  if (sizes === undefined || isOlder(engineVersion, sizes.sinceVersion)) {
    if (storageSize === undefined) return null;
    throw refuse(
      'storageSize',
      'A storage size can only be given for cluster deployments of RabbitMQ 4.2 and above on m7g ' +
        'instances.',
    );
  }
  const { minGb, maxGb } = sizes;
  const size = storageSize ?? minGb;
  if (size >= minGb && size <= maxGb) return size;
  throw refuse(
    'storageSize',
    `Storage size [${size}] is invalid for host instance type [${hostInstanceType}]. ` +
      `It must be from ${minGb} to ${maxGb} GB.`,
  );
}
