// The table of resources.

import { PathTable } from '../net/http/path-table.ts';
import type { Answer } from './answers.ts';
import type { ApiRequest } from './request.ts';
import * as bindings from './resources/bindings.ts';
import * as connections from './resources/connections.ts';
import { exportDefinitions, importDefinitions } from './resources/definitions.ts';
import * as deprecated from './resources/deprecated-features.ts';
import * as exchanges from './resources/exchanges.ts';
import { getMessages } from './resources/getting.ts';
import * as health from './resources/health.ts';
import * as metrics from './resources/metrics.ts';
import * as attempts from './resources/nodes/login-attempts.ts';
import * as memory from './resources/nodes/memory.ts';
import * as nodes from './resources/nodes/nodes.ts';
import * as replicas from './resources/nodes/replicas.ts';
import * as overview from './resources/overview.ts';
import * as parameters from './resources/parameters.ts';
import * as permissions from './resources/permissions.ts';
import { operatorPolicies, userPolicies } from './resources/policies.ts';
import { publish } from './resources/publishing.ts';
import * as queues from './resources/queues.ts';
import * as shovels from './resources/shovels/shovels.ts';
import * as users from './resources/users.ts';
import * as vhosts from './resources/vhosts.ts';
import type { Role } from './roles.ts';

/** A method of a resource. */
export interface Route {
  /** The right that the user's tags must grant. Further checks are those of the operation. */
  readonly role: Role;
  readonly handle: (request: ApiRequest) => Answer | Promise<Answer>;
  /** Requests with large bodies or answers, of which only a few may be in progress. */
  readonly isLarge: boolean;
}

type Row = readonly [method: string, path: string, role: Role, handle: Route['handle']];

const binding = '/bindings/{vhost}/e/{source}/{kind}/{destination}';
const topicPermission = '/topic-permissions/{vhost}/{user}';
const replicasOfQueue = '/queues/quorum/{vhost}/{queue}/replicas';
const replicasOnNode = '/queues/quorum/replicas/on/{name}';
const electedLeaders = '/health/checks/quorum-queues-without-elected-leaders';
const attemptsOnNode = '/auth/attempts/{name}';
const tablesOfNode = '/nodes/{name}/memory/ets';
const shovel = '/shovels/vhost/{vhost}/{name}';
const parameter = '/parameters/{component}/{vhost}/{name}';

/** The broker, and what is in its virtual hosts. */
const objectRows: readonly Row[] = [
  ['GET', '/overview', 'management', overview.getOverview],
  ['GET', '/cluster-name', 'management', parameters.getClusterName],
  ['PUT', '/cluster-name', 'administrator', parameters.putClusterName],
  ['GET', '/whoami', 'management', overview.whoAmI],
  ['GET', '/extensions', 'management', overview.getExtensions],
  ['GET', '/auth', 'management', overview.getAuthentication],
  ['GET', '/feature-flags', 'monitoring', overview.listFeatureFlags],
  ['PUT', '/feature-flags/{name}/enable', 'administrator', overview.enableFeatureFlag],
  ['GET', '/deprecated-features', 'monitoring', deprecated.listDeprecated],
  ['GET', '/deprecated-features/used', 'monitoring', deprecated.listUsedDeprecated],
  ['POST', '/rebalance/queues', 'administrator', nodes.rebalance],
  ['DELETE', '/reset', 'administrator', nodes.rebalance],
  ['DELETE', '/reset/{name}', 'administrator', nodes.rebalance],
  ['GET', '/nodes', 'monitoring', nodes.listNodes],
  ['GET', '/nodes/{name}', 'monitoring', nodes.getNode],
  ['GET', '/nodes/{name}/memory', 'monitoring', memory.getNodeMemory],
  ['GET', '/nodes/{name}/memory/relative', 'monitoring', memory.getRelativeMemory],
  ['GET', tablesOfNode, 'monitoring', memory.getTableMemory],
  ['GET', `${tablesOfNode}/{filter}`, 'monitoring', memory.getTableMemory],
  ['GET', `${tablesOfNode}/{filter}/relative`, 'monitoring', memory.getTableMemory],
  ['GET', '/version', 'management', overview.getVersion],

  ['GET', '/connections', 'management', connections.listConnections],
  ['GET', '/connections/{name}', 'management', connections.getConnection],
  ['DELETE', '/connections/{name}', 'management', connections.closeConnection],
  ['GET', '/connections/{name}/channels', 'management', connections.listChannelsOfConnection],
  ['GET', '/connections/{name}/sessions', 'management', connections.listSessions],
  ['GET', '/connections/username/{user}', 'management', connections.listConnections],
  ['DELETE', '/connections/username/{user}', 'management', connections.closeConnectionsOfUser],
  ['GET', '/vhosts/{vhost}/connections', 'management', connections.listConnections],
  ['GET', '/vhosts/{vhost}/channels', 'management', connections.listChannels],
  ['GET', '/channels', 'management', connections.listChannels],
  ['GET', '/channels/{name}', 'management', connections.getChannel],
  ['GET', '/consumers', 'management', connections.listConsumers],
  ['GET', '/consumers/{vhost}', 'management', connections.listConsumers],

  ['GET', '/exchanges', 'management', exchanges.listExchanges],
  ['GET', '/exchanges/{vhost}', 'management', exchanges.listExchanges],
  ['GET', '/exchanges/{vhost}/{name}', 'management', exchanges.getExchange],
  ['PUT', '/exchanges/{vhost}/{name}', 'management', exchanges.putExchange],
  ['DELETE', '/exchanges/{vhost}/{name}', 'management', exchanges.deleteExchange],
  ['GET', '/exchanges/{vhost}/{name}/bindings/source', 'management', bindings.listBindingsFrom],
  ['GET', '/exchanges/{vhost}/{name}/bindings/destination', 'management', bindings.listBindingsTo],

  ['GET', '/queues', 'management', queues.listQueues],
  ['GET', '/queues/detailed', 'management', queues.listQueues],
  ['GET', '/queues/{vhost}', 'management', queues.listQueues],
  ['GET', '/queues/{vhost}/{name}', 'management', queues.getQueue],
  ['PUT', '/queues/{vhost}/{name}', 'management', queues.putQueue],
  ['DELETE', '/queues/{vhost}/{name}', 'management', queues.deleteQueue],
  ['DELETE', '/queues/{vhost}/{name}/contents', 'management', queues.purgeQueue],
  ['POST', '/queues/{vhost}/{name}/actions', 'management', queues.actOnQueue],
  ['GET', '/queues/{vhost}/{name}/bindings', 'management', bindings.listBindingsOfQueue],

  ['GET', '/queues/quorum/{vhost}/{queue}/status', 'management', replicas.getReplicas],
  ['POST', `${replicasOfQueue}/add`, 'administrator', replicas.addReplica],
  ['DELETE', `${replicasOfQueue}/delete`, 'administrator', replicas.deleteReplica],
  ['POST', `${replicasOnNode}/grow`, 'administrator', replicas.growReplicas],
  ['DELETE', `${replicasOnNode}/shrink`, 'administrator', replicas.shrinkReplicas],

  ['GET', '/bindings', 'management', bindings.listBindings],
  ['GET', '/bindings/{vhost}', 'management', bindings.listBindings],
  ['GET', binding, 'management', bindings.listBindingsBetween],
  ['POST', binding, 'management', bindings.postBinding],
  ['GET', `${binding}/{key}`, 'management', bindings.getBinding],
  ['DELETE', `${binding}/{key}`, 'management', bindings.deleteBinding],
];

/** Virtual hosts, users, and what users may do. */
const accountRows: readonly Row[] = [
  ['GET', '/vhosts', 'management', vhosts.listVhosts],
  ['GET', '/vhosts/{vhost}', 'management', vhosts.getVhost],
  ['PUT', '/vhosts/{vhost}', 'administrator', vhosts.putVhost],
  ['DELETE', '/vhosts/{vhost}', 'administrator', vhosts.deleteVhost],
  ['POST', '/vhosts/{vhost}/deletion/protection', 'administrator', vhosts.protectVhost],
  ['DELETE', '/vhosts/{vhost}/deletion/protection', 'administrator', vhosts.unprotectVhost],
  ['POST', '/vhosts/{vhost}/start/{node}', 'administrator', vhosts.startVhost],
  ['GET', '/vhosts/{vhost}/permissions', 'administrator', permissions.listPermissions],
  ['GET', '/vhosts/{vhost}/topic-permissions', 'administrator', permissions.listTopicPermissions],
  ['GET', '/vhost-limits', 'management', vhosts.listVhostLimits],
  ['GET', '/vhost-limits/{vhost}', 'management', vhosts.listVhostLimits],
  ['PUT', '/vhost-limits/{vhost}/{limit}', 'administrator', vhosts.putVhostLimit],
  ['DELETE', '/vhost-limits/{vhost}/{limit}', 'administrator', vhosts.deleteVhostLimit],

  ['GET', '/users', 'administrator', users.listUsers],
  ['GET', '/users/without-permissions', 'administrator', users.listUsersWithoutPermissions],
  ['POST', '/users/bulk-delete', 'administrator', users.deleteUsers],
  ['GET', '/users/{user}', 'management', users.getUser],
  ['PUT', '/users/{user}', 'administrator', users.putUser],
  ['DELETE', '/users/{user}', 'administrator', users.deleteUser],
  ['GET', '/users/{user}/permissions', 'management', permissions.listPermissions],
  ['GET', '/users/{user}/topic-permissions', 'management', permissions.listTopicPermissions],
  ['GET', '/user-limits', 'management', users.listUserLimits],
  ['GET', '/user-limits/{user}', 'management', users.listUserLimits],
  ['PUT', '/user-limits/{user}/{limit}', 'administrator', users.putUserLimit],
  ['DELETE', '/user-limits/{user}/{limit}', 'administrator', users.deleteUserLimit],
  ['GET', attemptsOnNode, 'monitoring', attempts.listAttempts],
  ['GET', `${attemptsOnNode}/source`, 'monitoring', attempts.listAttemptsBySource],
  ['DELETE', attemptsOnNode, 'administrator', attempts.resetAttempts],
  ['DELETE', `${attemptsOnNode}/source`, 'administrator', attempts.resetAttempts],
  ['GET', '/auth/hash_password/{password}', 'administrator', users.hashPassword],

  ['GET', '/permissions', 'administrator', permissions.listPermissions],
  ['GET', '/permissions/{vhost}/{user}', 'management', permissions.getPermission],
  ['PUT', '/permissions/{vhost}/{user}', 'administrator', permissions.putPermission],
  ['DELETE', '/permissions/{vhost}/{user}', 'administrator', permissions.deletePermission],
  ['GET', '/topic-permissions', 'administrator', permissions.listTopicPermissions],
  ['GET', topicPermission, 'management', permissions.getTopicPermissions],
  ['PUT', topicPermission, 'administrator', permissions.putTopicPermission],
  ['DELETE', topicPermission, 'administrator', permissions.deleteTopicPermissions],
  ['DELETE', `${topicPermission}/{exchange}`, 'administrator', permissions.deleteTopicPermissions],
];

/** Policies and runtime parameters. */
const settingRows: readonly Row[] = [
  ['GET', '/policies', 'management', userPolicies.list],
  ['GET', '/policies/{vhost}', 'management', userPolicies.list],
  ['GET', '/policies/{vhost}/{name}', 'management', userPolicies.get],
  ['PUT', '/policies/{vhost}/{name}', 'policymaker', userPolicies.put],
  ['DELETE', '/policies/{vhost}/{name}', 'policymaker', userPolicies.remove],
  ['GET', '/operator-policies', 'management', operatorPolicies.list],
  ['GET', '/operator-policies/{vhost}', 'management', operatorPolicies.list],
  ['GET', '/operator-policies/{vhost}/{name}', 'management', operatorPolicies.get],
  ['PUT', '/operator-policies/{vhost}/{name}', 'administrator', operatorPolicies.put],
  ['DELETE', '/operator-policies/{vhost}/{name}', 'administrator', operatorPolicies.remove],

  ['GET', '/parameters', 'policymaker', parameters.listParameters],
  ['GET', '/parameters/{component}', 'policymaker', parameters.listParameters],
  ['GET', '/parameters/{component}/{vhost}', 'policymaker', parameters.listParameters],
  ['GET', parameter, 'policymaker', parameters.getParameter],
  ['PUT', parameter, 'policymaker', parameters.putParameter],
  ['DELETE', parameter, 'policymaker', parameters.deleteParameter],
  ['GET', '/shovels', 'monitoring', shovels.listShovels],
  ['GET', '/shovels/{vhost}', 'monitoring', shovels.listShovels],
  ['GET', shovel, 'monitoring', shovels.getShovel],
  ['DELETE', shovel, 'policymaker', shovels.deleteShovel],
  ['DELETE', `${shovel}/restart`, 'policymaker', shovels.restartShovel],

  ['GET', '/global-parameters', 'policymaker', parameters.listGlobalParameters],
  ['GET', '/global-parameters/{name}', 'policymaker', parameters.getGlobalParameter],
  ['PUT', '/global-parameters/{name}', 'administrator', parameters.putGlobalParameter],
  ['DELETE', '/global-parameters/{name}', 'administrator', parameters.deleteGlobalParameter],
];

/** Health checks. */
const healthRows: readonly Row[] = [
  ['GET', '/aliveness-test/{vhost}', 'management', health.testAliveness],
  ['GET', '/healthchecks/node', 'management', health.checkNode],
  ['GET', '/healthchecks/node/{name}', 'management', health.checkNode],
  ['GET', '/health/checks/alarms', 'management', health.checkAlarms],
  ['GET', '/health/checks/local-alarms', 'management', health.checkAlarms],
  [
    'GET',
    '/health/checks/certificate-expiration/{within}/{unit}',
    'management',
    health.checkCertificates,
  ],
  ['GET', '/health/checks/port-listener/{port}', 'management', health.checkPort],
  ['GET', '/health/checks/protocol-listener/{protocol}', 'management', health.checkProtocol],
  ['GET', '/health/checks/virtual-hosts', 'management', health.alwaysPassed],
  ['GET', '/health/checks/node-is-mirror-sync-critical', 'management', health.checkQuorum],
  ['GET', '/health/checks/node-is-quorum-critical', 'management', health.checkQuorum],
  ['GET', '/health/checks/metadata-store/initialized', 'management', health.alwaysPassed],
  ['GET', '/health/checks/metadata-store/initialized/with-data', 'management', health.checkVhosts],
  ['GET', '/health/checks/reached-target-cluster-size', 'management', health.alwaysPassed],
  ['GET', `${electedLeaders}/all-vhosts`, 'management', health.alwaysPassed],
  ['GET', `${electedLeaders}/all-vhosts/pattern/{pattern}`, 'management', health.alwaysPassed],
  ['GET', `${electedLeaders}/vhost/{vhost}`, 'management', health.alwaysPassed],
  ['GET', `${electedLeaders}/vhost/{vhost}/pattern/{pattern}`, 'management', health.alwaysPassed],
  ['GET', '/health/checks/ready-to-serve-clients', 'management', health.alwaysPassed],
  ['GET', '/health/checks/is-in-service', 'management', health.alwaysPassed],
  ['GET', '/health/checks/below-node-connection-limit', 'management', health.alwaysPassed],
];

/** Operations with large bodies or answers. */
const large: readonly Row[] = [
  ['POST', '/exchanges/{vhost}/{name}/publish', 'management', publish],
  ['POST', '/queues/{vhost}/{name}/get', 'management', getMessages],
  ['GET', '/all-configuration', 'administrator', exportDefinitions],
  ['POST', '/all-configuration', 'administrator', importDefinitions],
  ['GET', '/definitions', 'administrator', exportDefinitions],
  ['POST', '/definitions', 'administrator', importDefinitions],
  ['GET', '/definitions/{vhost}', 'administrator', exportDefinitions],
  ['POST', '/definitions/{vhost}', 'administrator', importDefinitions],
];

/** Metrics for Prometheus, which are not below `/api`. */
const metricRows: readonly Row[] = [
  ['GET', '/metrics', 'monitoring', metrics.getMetrics],
  ['GET', '/metrics/per-object', 'monitoring', metrics.getMetricsPerObject],
  ['GET', '/metrics/detailed', 'monitoring', metrics.getDetailedMetrics],
  ['GET', '/metrics/memory-breakdown', 'monitoring', metrics.getMemoryBreakdown],
];

/** The routes of all resources, by method and path. */
export function newRoutes(): PathTable<Route> {
  const table = new PathTable<Route>();
  const add = (list: readonly Row[], isLarge: boolean, prefix = '/api') => {
    for (const [method, path, role, handle] of list) {
      table.add(method, `${prefix}${path}`, { role, handle, isLarge });
    }
  };
  for (const list of [objectRows, accountRows, settingRows, healthRows]) add(list, false);
  add(metricRows, false, '');
  add(large, true);
  return table;
}
