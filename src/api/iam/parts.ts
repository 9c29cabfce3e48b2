// The parts of this process that the IAM service uses.

import type { Random } from '../../base/random.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { Identity } from '../../identity/identity.ts';

/** The parts that the operations of IAM need. */
export interface IamParts {
  readonly iam: Iam;
  /** The root user. */
  readonly identity: Identity;
  readonly random: Random;
  readonly region: string;
  /** The address of the API, without a slash at the end. */
  readonly apiUrl: () => string;
  /** The ARNs of the resources that need the role of a service, such as brokers. */
  readonly linkedResources: (service: string) => readonly string[];
}
