// The state of a key.

import StatusIndicator, {
  type StatusIndicatorProps,
} from '@cloudscape-design/components/status-indicator';

const states: Readonly<Record<string, readonly [StatusIndicatorProps.Type, string]>> = {
  Enabled: ['success', 'Enabled'],
  Disabled: ['stopped', 'Disabled'],
  PendingDeletion: ['error', 'Pending deletion'],
  PendingImport: ['pending', 'Pending import'],
};

/** Shows the state of a key. */
export function KeyState({ state = 'Unknown' }: { readonly state: string | undefined }) {
  const [type, text] = states[state] ?? ['info', state];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}
