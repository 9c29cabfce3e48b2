// What operators are told about alarms of nodes.

import type { BrokerAlarm } from '../../control/engine.ts';
import type { Node } from './nodes/node.ts';
import type { NodeView } from './nodes/node-api.ts';

const mib = 1024 * 1024;

/** Which nodes have an alarm, on which hosts. @param view the nodes as one of them sees them */
export function alarmTexts(
  alarm: Exclude<BrokerAlarm, 'confirms' | 'writes'>,
  view: readonly NodeView[],
  nodes: readonly Pick<Node, 'number' | 'place' | 'isSettled' | 'host'>[],
): string[] {
  return view
    .filter(({ alarms }) => alarms[alarm])
    .map(({ name, values }) => {
      const node = nodes.find((each) => each.isSettled && each.place.name === name);
      const who = node ? `node ${node.number} (host '${node.host.name}')` : name;
      const [free, limit] = [values['disk_free'], values['disk_free_limit']];
      const isKnown = alarm === 'disk' && free !== undefined && limit !== undefined;
      const how = isKnown ? `: ${mibText(free)} are free, ${mibText(limit)} are needed` : '';
      const what = alarm === 'disk' ? 'disk space' : 'memory';
      return `${who} is low on ${what}${how}; publishers of the whole cluster wait`;
    });
}

function mibText(bytes: number): string {
  return `${Math.floor(bytes / mib)} MiB`;
}
