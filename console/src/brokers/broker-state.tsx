// The state of a broker.

import StatusIndicator, {
  type StatusIndicatorProps,
} from '@cloudscape-design/components/status-indicator';
import { isChanging } from './broker-calls.ts';

const types: Readonly<Record<string, StatusIndicatorProps.Type>> = {
  RUNNING: 'success',
  CREATION_FAILED: 'error',
  CRITICAL_ACTION_REQUIRED: 'error',
};

/** Shows the state of a broker: `RUNNING` is Running. */
export function BrokerState({ state }: { readonly state: string | undefined }) {
  const type = types[state ?? ''] ?? (isChanging(state) ? 'in-progress' : 'info');
  return <StatusIndicator type={type}>{words(state ?? 'UNKNOWN')}</StatusIndicator>;
}

/** `REBOOT_IN_PROGRESS` is Reboot in progress. */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const deployments: Readonly<Record<string, string>> = {
  SINGLE_INSTANCE: 'Single instance',
  ACTIVE_STANDBY_MULTI_AZ: 'Active/standby pair',
  CLUSTER_MULTI_AZ: 'Cluster',
};

/** The name of a deployment mode. */
export function deployment(mode: string | undefined): string {
  return deployments[mode ?? ''] ?? words(mode ?? '');
}
