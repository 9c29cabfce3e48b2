// A range of TCP ports.

/** Ports from the first one to the last one, both included, from 1 to 65,535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Whether a port is in the range. */
export function isInRange({ first, last }: PortRange, port: number): boolean {
  return port >= first && port <= last;
}

/** The first ports of a range that are not taken, at most `countMax`. */
export function freePorts(
  range: PortRange,
  taken: ReadonlySet<number>,
  countMax: number,
): number[] {
  const found: number[] = [];
  for (let port = range.first; port <= range.last && found.length < countMax; port++) {
    if (!taken.has(port)) found.push(port);
  }
  return found;
}
