// The certificates of the nodes of a cluster towards each other.

import {
  type Certificate,
  createAuthority,
  issueMemberCertificate,
} from '../../../crypto/authority.ts';
import { loopback, type NodeAddress } from './node-place.ts';

/** The certificate and key of a node, and the authority that it trusts; PEM. */
export interface NodeCertificate extends Certificate {
  readonly authority: string;
}

/**
 * The authority of the nodes of one cluster, for one start of it. Its key is only in the memory of this
 * process, and forgotten when the cluster stops.
 */
export class NodeAuthority {
  readonly #authority: Certificate;

  private constructor(authority: Certificate) {
    this.#authority = authority;
  }

  /** @param hosts the host names of the nodes, which are all that it may certify */
  static async create(hosts: readonly string[], nowMs: number): Promise<NodeAuthority> {
    return new NodeAuthority(await createAuthority('node', [...hosts, loopback], nowMs));
  }

  /** Issues the certificate of a node. */
  async issue({ host }: Pick<NodeAddress, 'host'>, nowMs: number): Promise<NodeCertificate> {
    const issued = await issueMemberCertificate(this.#authority, [host], nowMs);
    return { ...issued, authority: this.#authority.certificate };
  }
}
