// That producers are blocked, which every page shows.

import Alert from '@cloudscape-design/components/alert';
import { printable } from '../../parts/printable.ts';
import type { Overview } from '../model.ts';
import { useApi } from '../use-api.ts';

/** Shows why producers are blocked; nothing if they are not. */
export function Blocked() {
  const { data } = useApi<Overview>(['overview']);
  if (data === undefined) return null;
  const full = Object.entries(data.usage)
    .filter(([, { usedBytes, limitBytes }]) => limitBytes !== null && usedBytes >= limitBytes)
    .map(([name]) => `The limit of the ${name} is reached.`);
  const reasons = data.blockedReason === null ? full : [printable(data.blockedReason), ...full];
  if (reasons.length === 0) return null;
  return (
    <Alert type="error" header="Producers are blocked">
      {reasons.join(' ')}
    </Alert>
  );
}
