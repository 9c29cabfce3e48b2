// Composition of the API: its services, and the routes of its port. Existing brokers do not wait for it:
// it is loaded while their processes start.

import { isIPv4 } from 'node:net';
import { administrationService } from '../../api/administration/service.ts';
import { auditService } from '../../api/audit/service.ts';
import { cloudTrailService } from '../../api/cloudtrail/service.ts';
import { discoveryService } from '../../api/discovery/service.ts';
import { iamService } from '../../api/iam/service.ts';
import { mqService } from '../../api/mq/service.ts';
import { s3Service } from '../../api/s3/service.ts';
import { statusService } from '../../api/status/service.ts';
import { stsService } from '../../api/sts/service.ts';
import { Dispatcher, type RefusedRequest } from '../../aws/pipeline/dispatch.ts';
import type { ServiceRegistry } from '../../aws/pipeline/registry.ts';
import { json10, json11 } from '../../aws/wires/json.ts';
import { query } from '../../aws/wires/query.ts';
import { restJson } from '../../aws/wires/rest-json.ts';
import { restXml } from '../../aws/wires/rest-xml.ts';
import { rpcV2Cbor } from '../../aws/wires/rpc-v2-cbor.ts';
import { assert } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import type { Caller } from '../../calls/caller.ts';
import type { BrokerLogs } from '../../logs/broker-logs.ts';
import { HttpListener, type HttpListenerOptions } from '../../net/http/http-listener.ts';
import { HttpsClient } from '../../net/http/https-client.ts';
import type { RequestHead } from '../../net/http/message.ts';
import type { RequestHandler } from '../../net/http/request-handler.ts';
import { RouteTable } from '../../net/http/route-table.ts';
import { apiAdmissionLimits } from '../../net/limits.ts';
import { amazonMqTlsPolicy, defaultTlsPolicy } from '../../net/tls-policy.ts';
import type { MetricSampling } from '../cloudwatch/metric-sampling.ts';
import { addCloudWatch } from '../cloudwatch/services.ts';
import type { Core, ServiceLocation, SystemState } from '../compose.ts';
import { consolePath, consoleSite } from '../console/console-site.ts';
import { composeAdministration } from '../identities/compose-administration.ts';
import { authenticatorOf, stsParts } from '../identity-parts.ts';
import { brokerMetrics, tokenHolder } from '../metrics.ts';
import { listenerAccess } from '../public/public-access.ts';
import type { Refusals } from '../refusals.ts';
import { textInspection } from '../sensitive-names/text-inspection.ts';
import type { Settings } from '../settings.ts';
import { composeSignIn, type SignIn, type SignInContext } from '../sign-in/compose-sign-in.ts';
import type { SignInPages } from '../sign-in/sign-in-pages.ts';
import { composeTrails } from '../trails/compose-trails.ts';
import type { TrailParts } from '../trails/trail-parts.ts';
import { ConsolePage, consoleMethods } from './console-page.ts';
import { issuerDocuments, type Route } from './issuer-documents.ts';

/** The parts of a service that answer calls. */
export interface Api {
  readonly sampling: MetricSampling;
  readonly audit: TrailParts;
  /** The API's port, which is not open yet. */
  readonly listener: HttpListener;
}

/** Composes the API on the parts that run brokers. */
export function composeApi(
  { control, client, services, hooks }: Core,
  settings: Settings,
  state: SystemState,
  location: ServiceLocation,
  log: ServiceLog,
  refusals: Refusals,
  logs: BrokerLogs,
  certificates: HttpListenerOptions['certificates'],
): Api {
  const { region, accountId, endpoints, consoleUrl } = location;
  const brokerAddress = isIPv4(settings.host) ? settings.host : undefined;
  const audit = composeTrails(settings, state, location, client, log);
  services.add(cloudTrailService(audit.cloudTrail));
  services.add(s3Service(audit.s3));
  services.add(auditService(audit.audit));
  const sampling = addCloudWatch(services, {
    state,
    logs,
    metrics: () => brokerMetrics(control),
    log,
  });
  const outside = new HttpsClient({ authorities: settings.oidcAuthorities, clock: systemClock });
  const place = { ...location, outside, log, settings: settings.signIn };
  const signIn = addIdentityServices(services, state, place);
  services.add(statusService(location.metrics, location.isReady));
  services.add(mqService({ control, region, endpoints, brokerAddress, consoleUrl }));
  services.add(discoveryService({ control, personNames: settings.personNames }));
  const administration = composeAdministration(
    settings,
    state,
    control,
    location,
    logs,
    signIn.newConsoleCode,
  );
  services.add(administrationService(administration));
  const dispatcher = new Dispatcher({
    services,
    region,
    accountId,
    clock: systemClock,
    random: systemRandom,
    wires: [rpcV2Cbor, json10, json11, query, restJson, restXml],
    hooks: {
      ...hooks,
      ...dispatcherHooks(state, region, refusals),
      // The texts of calls within the service come from calls over HTTP, or are fixed.
      inspection: textInspection(settings),
    },
  });
  const listener = new HttpListener({
    host: settings.host,
    certificates,
    access: listenerAccess(settings.publicAccess),
    policy: settings.hasTlsParity ? amazonMqTlsPolicy : defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    routes: apiRoutes(
      dispatcher,
      signIn,
      issuerDocuments(state.iam.webIdentities, () => consoleUrl().replace(/\/$/, '')),
    ),
    clock: systemClock,
  });
  return { audit, sampling, listener };
}

/** Adds the services that know the callers. */
function addIdentityServices(
  services: ServiceRegistry,
  state: SystemState,
  place: Pick<ServiceLocation, 'region' | 'accountId' | 'consoleUrl'> &
    Pick<SignInContext, 'outside' | 'log' | 'settings'>,
): SignIn {
  const { iam, identity, brokers, store, trail } = state;
  const { region, outside, consoleUrl } = place;
  const apiUrl = () => consoleUrl().replace(/\/$/, '');
  const ofSts = stsParts(iam, (url) => outside.getJson(url), systemClock, apiUrl);
  const linkedResources = (service: string) =>
    service === 'mq.amazonaws.com' ? [...brokers.all()].map(({ arn }) => arn) : [];
  services.add(stsService(ofSts));
  services.add(
    iamService({ iam, identity, random: systemRandom, region, linkedResources, apiUrl }),
  );
  const signIn = composeSignIn({
    ...place,
    iam,
    trust: ofSts.trust,
    journal: state.signIns,
    key: state.ssoKey,
    apiUrl,
    clock: systemClock,
    random: systemRandom,
    recorded: (event, atMs) => trail.chain(event, atMs),
    commit: (entries) => store.commit(entries),
  });
  for (const service of signIn.services) services.add(service);
  return signIn;
}

function dispatcherHooks(state: SystemState, region: string, refusals: Refusals) {
  const authenticator = authenticatorOf(state.iam, region);
  return {
    claim: (request: RequestHead, serviceName: string | undefined) =>
      authenticator.claim(request, serviceName),
    prepare: (caller: Caller) => state.iam.policies.prepare(caller),
    tokenHolder: (token: string | undefined) => {
      const accepted = state.installation.metricsTokens(systemClock.nowMs());
      assert(accepted.length > 0, 'the metrics token is missing');
      return tokenHolder(accepted, token);
    },
    refused: (request: RefusedRequest) => refusals.requestRefused(request),
  };
}

/** The routes of the API's port. */
export function apiRoutes(
  dispatcher: RequestHandler,
  signIn?: Readonly<Record<'pages' | 'console', Pick<SignInPages, 'handlers'>>>,
  documents: readonly Route[] = [],
): RouteTable {
  const routes = new RouteTable().handle('*', '/*', dispatcher);
  const page = new ConsolePage(dispatcher);
  for (const method of consoleMethods) routes.handle(method, '/', page);
  routes.site(consolePath, consoleSite());
  const handlers = [signIn?.pages, signIn?.console].flatMap((each) => each?.handlers() ?? []);
  for (const each of [...handlers, ...documents]) routes.handle(...each);
  return routes;
}
