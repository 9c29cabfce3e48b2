// The certificates of the nodes of a cluster towards each other.

import { createAuthority, issueMemberCertificate } from '../../../crypto/authority.ts';
import type { NodePlace } from './node-place.ts';

/** The certificate and key of a node, and the authority that it trusts; PEM. */
export interface NodeCertificate {
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Issues the certificates of all nodes, by an authority that is for these nodes alone. Its key is
 * forgotten: nobody can issue another certificate that the nodes accept.
 *
 * @returns in the order of the nodes
 */
export async function nodeCertificates(
  nodes: readonly Pick<NodePlace, 'host'>[],
  nowMs: number,
): Promise<NodeCertificate[]> {
  const hosts = nodes.map(({ host }) => host);
  const authority = await createAuthority('node', [...hosts, '127.0.0.1'], nowMs);
  return Promise.all(
    hosts.map(async (host) => {
      const issued = await issueMemberCertificate(authority, [host], nowMs);
      return { ...issued, authority: authority.certificate };
    }),
  );
}
