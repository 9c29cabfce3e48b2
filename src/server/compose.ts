// Composition of the service from its parts.

import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { administrationService } from '../api/administration/service.ts';
import { auditService } from '../api/audit/service.ts';
import { cloudTrailService } from '../api/cloudtrail/service.ts';
import { discoveryService } from '../api/discovery/service.ts';
import { iamService } from '../api/iam/service.ts';
import { kmsService } from '../api/kms/service.ts';
import { mqService } from '../api/mq/service.ts';
import { s3Service } from '../api/s3/service.ts';
import { type Exposition, statusService } from '../api/status/service.ts';
import { stsService } from '../api/sts/service.ts';
import { ArchiveJournal } from '../audit/archive/archive-journal.ts';
import { eventRecord } from '../audit/record.ts';
import { serviceTimeline, Trail, trailTimeline } from '../audit/trail.ts';
import { Trails } from '../audit/trails/trails.ts';
import { LocalClient } from '../aws/local-client.ts';
import { Dispatcher, type RefusedRequest } from '../aws/pipeline/dispatch.ts';
import type { PipelineHooks } from '../aws/pipeline/pipeline.ts';
import { ServiceRegistry } from '../aws/pipeline/registry.ts';
import { json10, json11 } from '../aws/wires/json.ts';
import { query } from '../aws/wires/query.ts';
import { restJson } from '../aws/wires/rest-json.ts';
import { restXml } from '../aws/wires/rest-xml.ts';
import { rpcV2Cbor } from '../aws/wires/rpc-v2-cbor.ts';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { Caller } from '../calls/caller.ts';
import { Brokers } from '../control/brokers.ts';
import { Configurations } from '../control/configurations/configurations.ts';
import { Control } from '../control/control.ts';
import type { Engines } from '../control/engines.ts';
import type { hashPassword } from '../crypto/password.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import { WaxwingEngine } from '../engines/waxwing/engine.ts';
import type { Iam } from '../identity/accounts/iam.ts';
import { usesOf } from '../identity/accounts/last-uses.ts';
import { asChange } from '../identity/accounts/result.ts';
import type { Identity } from '../identity/identity.ts';
import { SignInJournal } from '../identity/sso/sign-in-journal.ts';
import { Kms } from '../kms/kms.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import { LogGroups } from '../logs/log-groups.ts';
import type { HandshakeCounts } from '../net/handshake-counts.ts';
import { HttpsClient } from '../net/http/https-client.ts';
import type { RequestHead } from '../net/http/message.ts';
import { RouteTable } from '../net/http/route-table.ts';
import type { ErasableSecrets } from '../storage/erasable/erasable-secrets.ts';
import type { StorageError } from '../storage/errors.ts';
import type { Journal } from '../storage/journal.ts';
import { Log } from '../storage/log.ts';
import { StateStore } from '../storage/state-store.ts';
import type { Volume } from '../storage/volume.ts';
import { tls12Counts } from './advice/tls-counts.ts';
import { BrokerReports } from './broker-reports.ts';
import { CallAuthoriser } from './call-authoriser.ts';
import type { MetricSampling } from './cloudwatch/metric-sampling.ts';
import { addCloudWatch } from './cloudwatch/services.ts';
import { ConsolePage, consoleMethods } from './console-page.ts';
import { administrationParts } from './identities/administration.ts';
import { rootWarning } from './identities/root-warning.ts';
import { serviceRoleCreation } from './identities/service-role.ts';
import { authenticatorOf, identityParts, stsParts } from './identity-parts.ts';
import { Installation } from './installation.ts';
import { checkKeySecrets, keySecrets, openKeySecrets } from './keys/key-secrets.ts';
import { LogsVolumeJournal } from './logs-volume.ts';
import { tokenHolder } from './metrics.ts';
import type { Refusals } from './refusals.ts';
import { textInspection } from './sensitive-names/text-inspection.ts';
import { ServerCertificates } from './server-certificates.ts';
import type { Settings } from './settings.ts';
import { composeSignIn, type SignIn, type SignInContext } from './sign-in/compose-sign-in.ts';
import type { SignInPages } from './sign-in/sign-in-pages.ts';
import { brokersFolder } from './system-volume.ts';
import { AccessEvents } from './trails/access-events.ts';
import { composeTrails } from './trails/compose-trails.ts';
import type { TrailParts } from './trails/trail-parts.ts';

/** Size of a segment of the system volume, which holds little besides the audit trail. */
const systemSegmentBytes = 8 * 1024 * 1024;
const systemCacheBytes = 4 * 1024 * 1024;

const mib = 1024 * 1024;
const noSalt = Buffer.alloc(0);

/** The purposes for which keys are derived from the data key of the system volume. */
const sealingPurposes = {
  kms: 'waxwing kms: key materials',
  keySecrets: 'waxwing kms: secrets of key materials',
  identity: 'waxwing identity: secrets',
  sessions: 'waxwing identity: session tokens',
  installation: 'waxwing installation: secrets',
  certificates: 'waxwing certificates: keys',
  control: 'waxwing control: digests of requests',
  controlSecrets: 'waxwing control: secrets of brokers',
  logs: 'waxwing logs: data keys of volumes',
  trailFiles: 'waxwing trails: files',
  events: 'waxwing audit: archives of events',
  trailSigning: 'waxwing trails: private keys',
  sso: 'waxwing sso: tokens and registrations',
} as const;

/** The source of derived keys: a system volume, or its data key. */
export type KeyDeriver = Pick<Volume, 'deriveKey'>;

/** Derives the key for one purpose. */
export function sealingKey(volume: KeyDeriver, purpose: keyof typeof sealingPurposes) {
  return volume.deriveKey(noSalt, sealingPurposes[purpose]);
}

/** Events of the system volume's log. */
export interface SystemEvents {
  /** The disk is full, so all changes wait; or it has space again. */
  full(isFull: boolean): void;
  /** The log can no longer be written. */
  failed(error: StorageError): void;
}

/** The state that is stored in the system volume. */
export class SystemState {
  readonly kms: Kms;
  readonly identity: Identity;
  readonly iam: Iam;
  readonly installation: Installation;
  readonly trail = new Trail();
  /** The trail of calls on service-owned keys. */
  readonly serviceTrail = new Trail(serviceTimeline);
  /** The trails that deliver events to files. */
  readonly trails = new Trails();
  /** The archives of older events. */
  readonly archives = new ArchiveJournal();
  readonly brokers = new Brokers();
  readonly configurations = new Configurations();
  readonly certificates = new ServerCertificates();
  readonly signIns = new SignInJournal();
  readonly logsVolume = new LogsVolumeJournal();
  readonly logGroups = new LogGroups();
  /** The keys of the trail's files, and of the private keys that sign digests. */
  readonly trailKeys: Record<'files' | 'signing' | 'events', KeyObject>;
  /** See `ControlOptions.digestKey`. */
  readonly digestKey: KeyObject;
  /** Seals the secrets of brokers that are needed again later. */
  readonly #secretsKey: KeyObject;
  /** Authenticates the tokens of single sign-on. */
  readonly ssoKey: KeyObject;
  readonly store: StateStore;
  readonly #folder: string;
  readonly #keySecrets: ErasableSecrets;

  /** @param folder the data folder */
  constructor(volume: KeyDeriver, folder: string) {
    const { identity, iam } = identityParts({
      secrets: sealingKey(volume, 'identity'),
      sessions: sealingKey(volume, 'sessions'),
    });
    this.identity = identity;
    this.iam = iam;
    this.#folder = folder;
    this.#keySecrets = keySecrets(folder, sealingKey(volume, 'keySecrets'));
    this.kms = new Kms({
      wrappingKey: sealingKey(volume, 'kms'),
      secrets: this.#keySecrets,
      random: systemRandom,
      principals: iam.policies,
      names: iam.principals,
    });
    this.installation = new Installation(sealingKey(volume, 'installation'));
    this.digestKey = sealingKey(volume, 'control');
    this.trailKeys = {
      files: sealingKey(volume, 'trailFiles'),
      signing: sealingKey(volume, 'trailSigning'),
      events: sealingKey(volume, 'events'),
    };
    this.#secretsKey = sealingKey(volume, 'controlSecrets');
    this.ssoKey = sealingKey(volume, 'sso');
    this.store = new StateStore(this.journals(), [trailTimeline, serviceTimeline]);
  }

  /** Seals a secret of a broker; base64. */
  sealSecret(context: string, secret: string): string {
    const bytes = Buffer.from(secret);
    const sealed = sealValue(this.#secretsKey, context, bytes);
    bytes.fill(0);
    return sealed.toString('base64');
  }

  /** Opens a secret of a broker. */
  openSecret(context: string, sealed: string): string {
    const bytes = openValue(this.#secretsKey, context, Buffer.from(sealed, 'base64'));
    const secret = bytes.toString();
    bytes.fill(0);
    return secret;
  }

  /** All journals. The name of a journal is never reused. */
  journals(): Journal[] {
    const { kms, identity, iam, installation, trail, serviceTrail, trails, archives } = this;
    const { brokers, configurations, certificates, logsVolume, signIns, logGroups } = this;
    const ofControl = [brokers, configurations];
    const all = [
      kms.journal,
      identity,
      iam.journal,
      installation,
      trail,
      serviceTrail,
      trails,
      archives,
      ...ofControl,
      certificates,
      logsVolume,
      signIns,
      logGroups,
    ];
    return all as Journal[];
  }

  /** Recovers the state and opens the log for writing. */
  async open(volume: Volume, events: SystemEvents): Promise<void> {
    await Log.open(volume, this.store, {
      onDurable: (group) => this.store.onDurable(group),
      onFull: (isFull) => events.full(isFull),
      onFailed: (error) => {
        this.store.onFailed(error);
        events.failed(error);
      },
      segmentBytes: systemSegmentBytes,
      cacheBytes: systemCacheBytes,
      isRecycling: false,
    });
    this.store.recovered();
    await openKeySecrets(this.#folder, this.#keySecrets, this.kms, (entries) =>
      this.store.commit(entries),
    );
  }

  /** Checks the secrets of the keys after the state was read. @see checkKeySecrets */
  checkKeys(): Promise<void> {
    return checkKeySecrets(this.#keySecrets, this.kms);
  }

  /** Syncs all data and closes the log and the secrets. */
  async close(): Promise<void> {
    await this.store.close();
    await this.#keySecrets.close();
  }
}

/** The parts of a service that answer calls and run brokers. */
export interface Parts {
  readonly control: Control;
  readonly client: LocalClient;
  readonly dispatcher: Dispatcher;
  readonly sampling: MetricSampling;
  readonly audit: TrailParts;
  /** The pages on which people sign in. */
  readonly signInPages: SignInPages;
}

/** The properties of the installation that are known once the system volume is open. */
export interface ServiceLocation {
  readonly region: string;
  readonly accountId: string;
  /** The host name of the brokers' endpoints. */
  readonly brokerHost: string;
  readonly hashPassword: typeof hashPassword;
  /** The URL of the console; available once the port is open. */
  readonly consoleUrl: () => string;
  readonly metrics: () => Promise<Exposition>;
  /** The handshakes of the API's port. */
  readonly handshakes: () => Pick<HandshakeCounts, 'of'>;
}

/**
 * Composes the parts of a service. This is the only place where the parts of the service are
 * connected.
 */
export function compose(
  settings: Settings,
  state: SystemState,
  engines: Engines,
  location: ServiceLocation,
  log: ServiceLog,
  refusals: Refusals,
  logs: BrokerLogs,
): Parts {
  const { store, kms, brokers, configurations } = state;
  const { region, accountId, brokerHost, consoleUrl, hashPassword } = location;
  const brokerAddress = isIPv4(settings.host) ? settings.host : undefined;
  const services = new ServiceRegistry();
  const common = { services, region, accountId, clock: systemClock, random: systemRandom };
  const hooks = hooksOf(state, accountId, log);
  const client = new LocalClient({ ...common, hooks });
  const reports = new BrokerReports({ clock: systemClock, log, logs, refusals, brokers });
  const control = new Control({
    brokers,
    configurations,
    client,
    engines,
    clock: systemClock,
    random: systemRandom,
    commit: (entries) => store.commit(entries),
    hashPassword,
    sealSecret: (context, secret) => state.sealSecret(context, secret),
    openSecret: (context, sealed) => state.openSecret(context, sealed),
    createServiceRole: serviceRoleCreation(state.iam, client),
    digestKey: state.digestKey,
    region,
    accountId,
    keyCheckMs: settings.keyCheckSeconds * 1000,
    keyEffectDelayMs: settings.keyEffectDelaySeconds * 1000,
    report: reports.report,
    log: (...of) => reports.log(...of),
    loginFailed: (...of) => reports.loginFailed(...of),
    accessed: (...of) => reports.accessed(...of),
  });
  services.add(kmsService(kms));
  const audit = composeTrails(settings, state, location, client, log);
  services.add(cloudTrailService(audit.cloudTrail));
  services.add(s3Service(audit.s3));
  services.add(auditService(audit.audit));
  const sampling = addCloudWatch(services, { state, logs, engines, log });
  const outside = new HttpsClient({ authorities: settings.oidcAuthorities, clock: systemClock });
  const place = { ...location, outside, log, settings: settings.signIn };
  const { pages } = addIdentityServices(services, state, place);
  services.add(statusService(location.metrics));
  services.add(mqService({ control, region, brokerHost, brokerAddress, consoleUrl }));
  services.add(discoveryService({ control, personNames: settings.personNames }));
  services.add(administrationService(administrationOf(settings, state, control, location)));
  kms.onKeyChanged((arn) => control.supervisor.keyChanged(arn.slice(arn.lastIndexOf('/') + 1)));
  const dispatcher = new Dispatcher({
    ...common,
    wires: [rpcV2Cbor, json10, json11, query, restJson, restXml],
    hooks: {
      ...hooks,
      ...dispatcherHooks(state, region, refusals),
      // The texts of calls within the service come from calls over HTTP, or are fixed.
      inspection: textInspection(settings),
    },
  });
  const failed = (error: unknown) => log.error({ err: error }, 'log-ins could not be recorded');
  const accessEvents = new AccessEvents({ state, location, settings, audit, failed });
  refusals.record = (logins) => accessEvents.failedLogins(logins);
  reports.recordAccess = (...of) => accessEvents.brokerAccess(...of);
  return { control, client, dispatcher, audit, signInPages: pages, sampling };
}

/** Connects the advice and the rotation of secrets. */
function administrationOf(
  settings: Settings,
  { installation, iam, identity, brokers, configurations, kms }: SystemState,
  control: Control,
  { hashPassword, handshakes }: ServiceLocation,
) {
  const keys = kms.journal;
  const tls = () => tls12Counts(control.engines, handshakes());
  const examined = { iam, identity, brokers, configurations, keys, settings, tls12Counts: tls };
  return administrationParts({
    installation,
    control,
    hashPassword,
    advice: examined,
    clock: systemClock,
    random: systemRandom,
  });
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
  const ofSts = stsParts(iam, (url) => outside.getJson(url), systemClock);
  const linkedResources = (service: string) =>
    service === 'mq.amazonaws.com' ? [...brokers.all()].map(({ arn }) => arn) : [];
  services.add(stsService(ofSts));
  services.add(iamService({ iam, identity, random: systemRandom, region, linkedResources }));
  const signIn = composeSignIn({
    ...place,
    iam,
    trust: ofSts.trust,
    journal: state.signIns,
    key: state.ssoKey,
    apiUrl: () => consoleUrl().replace(/\/$/, ''),
    clock: systemClock,
    random: systemRandom,
    recorded: (event, atMs) => trail.chain(event, atMs),
    commit: (entries) => store.commit(entries),
  });
  for (const service of signIn.services) services.add(service);
  return signIn;
}

/**
 * Composes the engine.
 *
 * @param certificates returns the certificates of a broker, and issues missing ones
 */
export function composeEngine(
  settings: Settings,
  certificates: (brokerId: string) => Promise<ReturnType<ServerCertificates['broker']>>,
): WaxwingEngine {
  return new WaxwingEngine({
    folder: brokersFolder(settings.folder),
    host: settings.host,
    amqpsPort: settings.amqpsPort,
    hasTlsParity: settings.hasTlsParity,
    ldap: { port: settings.ldapPort, authoritiesFile: settings.ldapCaFile },
    room: {
      memoryBytesMax: settings.memoryLimitMib && settings.memoryLimitMib * mib,
      diskReserveBytes: settings.diskReserveMib * mib,
    },
    certificates,
  });
}

function hooksOf(state: SystemState, accountId: string, log: ServiceLog): PipelineHooks {
  const { store, trail, serviceTrail, iam } = state;
  const authoriser = new CallAuthoriser(iam.policies, iam.messages);
  return {
    authorise: (permissions, context) => authoriser.authorise(permissions, context),
    record: (call) => [
      ...usesOf(iam.journal, call).map(asChange),
      ...state.kms.lastUses
        .note(call)
        .map((change) => ({ journal: state.kms.journal.name, change })),
      // The use of service-owned keys is recorded in the service's own trail.
      ...(call.accountId === accountId ? trail : serviceTrail).chain(
        eventRecord(call, iam.journal.account.alias),
        call.atMs,
      ),
    ],
    commit: (batch) => store.commit(batch),
    callerWarning: rootWarning(iam),
    onUnexpectedError: (error, { requestId }) =>
      log.error({ requestId, err: error }, 'a call failed'),
  };
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
export function apiRoutes({
  dispatcher,
  signInPages,
}: Pick<Parts, 'dispatcher'> & Partial<Pick<Parts, 'signInPages'>>): RouteTable {
  const routes = new RouteTable().handle('*', '/*', dispatcher);
  const page = new ConsolePage(dispatcher);
  for (const method of consoleMethods) routes.handle(method, '/', page);
  for (const each of signInPages?.handlers() ?? []) routes.handle(...each);
  return routes;
}
