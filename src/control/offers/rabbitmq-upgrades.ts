// The order in which the nodes of clusters of RabbitMQ are upgraded.
//
// Nodes read the data of the previous version. Newer ones need feature flags that older ones do not have, and
// do not start. See https://www.rabbitmq.com/docs/upgrade.

import { majorMinor } from './offers.ts';

/** The versions to which some can be upgraded, the newest last; others to the next minor version. */
const steps: Readonly<Record<string, readonly string[]>> = {
  '3.13': ['4.0', '4.1', '4.2'],
  '4.0': ['4.1', '4.2'],
};

/** Maximum number of steps that are named. */
const stepsMax = 20;

/** The versions to which nodes of a version can be upgraded directly. */
function nextVersions(from: string): readonly string[] {
  const [major = 0, minor = 0] = from.split('.').map(Number);
  return steps[from] ?? [`${major}.${minor + 1}`];
}

/**
 * The versions that a cluster passes through on its way to another one, that one included, with as few steps
 * as possible. Empty if the way is not known. Patch numbers are ignored.
 */
export function upgradeSteps(from: string, to: string): readonly string[] {
  const wanted = majorMinor(to);
  const passed: string[] = [];
  for (let at = majorMinor(from); at !== wanted; ) {
    const next = nextVersions(at);
    at = next.includes(wanted) ? wanted : (next.at(-1) ?? '');
    if (passed.push(at) > stepsMax) return [];
  }
  return passed;
}
