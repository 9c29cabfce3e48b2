// Alarms, which every page shows.

import Alert from '@cloudscape-design/components/alert';
import { useApi } from '../use-api.ts';

/** An answer of the health check for alarms; the status of one with alarms is 503. */
interface AlarmCheck {
  readonly alarms?: readonly { readonly resource: string }[];
}

const texts: Readonly<Record<string, string>> = {
  memory: 'The broker uses too much memory. Publishers are blocked until it uses less.',
  disk: 'The disk of the broker is nearly full. Publishers are blocked until it has room again.',
};

/** Shows the alarms that are in effect; nothing without one. */
export function Alarms() {
  const check = useApi<AlarmCheck>(['health', 'checks', 'alarms'], { accepts: 503 });
  return (check.data?.alarms ?? []).map(({ resource }) => (
    <Alert key={resource} type="error" header={`Alarm: ${resource}`}>
      {texts[resource] ?? 'Publishers are blocked.'}
    </Alert>
  ));
}
