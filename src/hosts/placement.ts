// The choice of hosts for the nodes of a cluster.

/** A machine that can run another node. */
export interface Candidate {
  readonly id: string;
  readonly zone: string;
  /** Nodes of other clusters that it has. */
  readonly nodeCount: number;
}

/**
 * Chooses hosts for nodes: in different zones first, then on different machines, then where the fewest
 * nodes are. A machine gets several nodes if there are not enough others.
 *
 * @param used the hosts of nodes of the same cluster that stay where they are
 * @returns the ids of the hosts, one for each node
 */
export function chooseHosts(
  count: number,
  candidates: readonly Candidate[],
  used: readonly Pick<Candidate, 'id' | 'zone'>[] = [],
): string[] {
  const taken = [...used];
  const chosen: string[] = [];
  for (let i = 0; i < count && candidates.length > 0; i++) {
    const cost = ({ id, zone, nodeCount }: Candidate) => [
      taken.filter((each) => each.zone === zone).length,
      taken.filter((each) => each.id === id).length,
      nodeCount,
    ];
    const best = candidates.reduce((a, b) => (isLess(cost(b), cost(a)) ? b : a));
    taken.push(best);
    chosen.push(best.id);
  }
  return chosen;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}
