// A control plane in this process, with a fake engine and a disk in memory.

import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { MqClient } from '@aws-sdk/client-mq';
import { administrationService } from '../../src/api/administration/service.ts';
import { auditService } from '../../src/api/audit/service.ts';
import { cloudTrailService } from '../../src/api/cloudtrail/service.ts';
import { discoveryService } from '../../src/api/discovery/service.ts';
import { iamService } from '../../src/api/iam/service.ts';
import { kmsService } from '../../src/api/kms/service.ts';
import { mqService } from '../../src/api/mq/service.ts';
import { s3Service } from '../../src/api/s3/service.ts';
import { stsService } from '../../src/api/sts/service.ts';
import { ArchiveJournal } from '../../src/audit/archive/archive-journal.ts';
import { eventRecord } from '../../src/audit/record.ts';
import { serviceTimeline, Trail, trailTimeline } from '../../src/audit/trail.ts';
import { Trails } from '../../src/audit/trails/trails.ts';
import { LocalClient } from '../../src/aws/local-client.ts';
import { Dispatcher, type RefusedRequest } from '../../src/aws/pipeline/dispatch.ts';
import type { PipelineHooks } from '../../src/aws/pipeline/pipeline.ts';
import { ServiceRegistry } from '../../src/aws/pipeline/registry.ts';
import type { Service } from '../../src/aws/service.ts';
import { Authenticator } from '../../src/aws/signing/authenticate.ts';
import { json10, json11 } from '../../src/aws/wires/json.ts';
import { query } from '../../src/aws/wires/query.ts';
import { restJson } from '../../src/aws/wires/rest-json.ts';
import { restXml } from '../../src/aws/wires/rest-xml.ts';
import { rpcV2Cbor } from '../../src/aws/wires/rpc-v2-cbor.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { VolumeRecord } from '../../src/control/broker-record.ts';
import { Brokers } from '../../src/control/brokers.ts';
import { Configurations } from '../../src/control/configurations/configurations.ts';
import { Control } from '../../src/control/control.ts';
import { Engines } from '../../src/control/engines.ts';
import type { ReportLevel } from '../../src/control/report.ts';
import { openValue, sealValue } from '../../src/crypto/sealed-value.ts';
import type { Iam } from '../../src/identity/accounts/iam.ts';
import { usesOf } from '../../src/identity/accounts/last-uses.ts';
import { asChange } from '../../src/identity/accounts/result.ts';
import type { Identity } from '../../src/identity/identity.ts';
import type { PrincipalPolicySource } from '../../src/identity/policies/principal-policies.ts';
import { SignInJournal } from '../../src/identity/sso/sign-in-journal.ts';
import { Kms } from '../../src/kms/kms.ts';
import type { HttpListener } from '../../src/net/http/http-listener.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import type { HttpRequest, HttpResponse, RequestHead } from '../../src/net/http/message.ts';
import { tls12Counts } from '../../src/server/advice/tls-counts.ts';
import { CallAuthoriser } from '../../src/server/call-authoriser.ts';
import { administrationParts } from '../../src/server/identities/administration.ts';
import { rootWarning } from '../../src/server/identities/root-warning.ts';
import { serviceRoleCreation } from '../../src/server/identities/service-role.ts';
import { globalRegion, identityParts, stsParts } from '../../src/server/identity-parts.ts';
import { Installation } from '../../src/server/installation.ts';
import { tokenHolder } from '../../src/server/metrics.ts';
import { runScheduledKeyTasks } from '../../src/server/scheduled-key-tasks.ts';
import type { SensitiveNamesMode } from '../../src/server/settings.ts';
import { composeSignIn, type SignIn } from '../../src/server/sign-in/compose-sign-in.ts';
import type { TrailParts } from '../../src/server/trails/trail-parts.ts';
import type { ErasableSecrets } from '../../src/storage/erasable/erasable-secrets.ts';
import type { Entry, Journal } from '../../src/storage/journal.ts';
import type { StateStore } from '../../src/storage/state-store.ts';
import { planeCertificates } from './certificates.ts';
import { CloudWatchServices } from './cloudwatch-services.ts';
import { FakeEngine } from './fake-engine.ts';
import { secretsOn } from './key-secrets.ts';
import { localBrokers } from './local-endpoints.ts';
import { Machine } from './machine.ts';
import { reopenedState } from './memory-state.ts';
import { backupsOf } from './plane-backups.ts';
import { PlaneClients } from './plane-clients.ts';
import { inspectionOf } from './plane-inspection.ts';
import { planeListener } from './plane-listener.ts';
import { failureEntriesOf, trailsOf, upgradeEntriesOf } from './plane-trails.ts';
import { quickHash } from './quick-hash.ts';
import { asText, type TextResponse } from './text-response.ts';
import { withoutHosts } from './without-hosts.ts';

export { Machine };
export const accountId = '111122223333';
export const region = 'us-west-2';
/** One of what the service writes to its log. */
export type Report = Record<'brokerId' | 'text', string> & { level: ReportLevel; error: unknown };

/**
 * The control plane as the service has it - front door, keys, brokers, trail, over HTTPS - but for
 * the engine, which is a fake, and the disk, which is memory. The official clients call it.
 */
export class ControlPlane {
  readonly machine: Machine;
  readonly engine: FakeEngine;
  readonly kmsDomain: Kms;
  readonly iamDomain: Iam;
  readonly control: Control;
  readonly trailDomain = new Trail();
  readonly serviceTrail = new Trail(serviceTimeline);
  readonly services: readonly Service[];
  readonly refused: RefusedRequest[] = [];
  readonly unexpectedErrors: unknown[] = [];
  readonly reports: Report[] = [];
  /** Resolves when the process has ended at the step it was to. */
  readonly ended: Promise<void>;
  sensitiveNames: SensitiveNamesMode = 'warn';
  written = '';
  readonly installation: Installation;
  tls12Count = 0;
  onCommit: (batch: readonly Entry[]) => void = () => {};
  readonly #brokers = new Brokers();
  readonly #principals: PrincipalPolicySource = {
    policiesOf: (caller) => (this.machine.principals ?? this.iamDomain.policies).policiesOf(caller),
  };
  readonly #configurations = new Configurations();
  readonly #cloudWatch = new CloudWatchServices();
  readonly trails = new Trails();
  readonly archives = new ArchiveJournal();
  journals: readonly Journal[] = [];
  readonly deliveryFailures: unknown[] = [];
  readonly audit: TrailParts;
  readonly #identity: Identity;
  readonly #secrets: ErasableSecrets;
  readonly #signIns = new SignInJournal();
  readonly #signIn: SignIn;
  readonly #dispatcher: Dispatcher;
  #store: StateStore | undefined = undefined;
  #listener: HttpListener | undefined = undefined;
  #clients: PlaneClients | undefined = undefined;
  #endpoint: { readonly url: string; readonly ca: string } | undefined = undefined;
  #hasEnded = false;
  #tellEnded = () => {};

  readonly newConsoleCode = (caller: Caller) => this.#signIn.newConsoleCode(caller);

  static async start(machine = new Machine()): Promise<ControlPlane> {
    const plane = new ControlPlane(machine);
    await plane.#open();
    await plane.#listen();
    return plane;
  }

  /**
   * A control plane without a port and clients, for {@link answer} alone.
   *
   * @param replaced gives the services other operations
   */
  static async inProcess(
    replaced = (service: Service) => service,
    machine = new Machine(),
  ): Promise<ControlPlane> {
    const plane = new ControlPlane(machine, replaced);
    await plane.#open();
    return plane;
  }

  private constructor(machine: Machine, replaced = (service: Service) => service) {
    this.machine = machine;
    this.ended = new Promise((resolve) => {
      this.#tellEnded = resolve;
    });
    const { clock, wrappingKey } = machine;
    const { sealingKey } = machine;
    const { identity, iam } = identityParts(
      { secrets: sealingKey, sessions: sealingKey },
      quickHash,
    );
    this.#identity = identity;
    this.installation = new Installation(sealingKey);
    this.iamDomain = iam;
    machine.secretsDisk.wrote = () => void this.#endsHere();
    this.#secrets = secretsOn(machine.secretsDisk, wrappingKey);
    this.kmsDomain = new Kms({
      wrappingKey,
      secrets: this.#secrets,
      random: systemRandom,
      principals: this.#principals,
      names: iam.principals,
    });
    this.engine = new FakeEngine(machine.folders, () => this.#pass(), machine.kinds);
    const services = new ServiceRegistry();
    const place = { services, region, accountId, clock, random: systemRandom };
    const hooks = this.#hooks();
    const client = new LocalClient({ ...place, hooks });
    this.control = this.#newControl(client);
    this.audit = this.#newTrails(client);
    const outside = new HttpsClient({ authorities: machine.authorities, clock: systemClock });
    const apiUrl = () => this.#endpoint?.url ?? 'https://localhost:8443';
    const sts = stsParts(iam, (url) => outside.getJson(url), clock, apiUrl);
    this.#signIn = composeSignIn({
      settings: { url: undefined, outside: machine.outsideProvider },
      iam,
      trust: sts.trust,
      journal: this.#signIns,
      key: sealingKey,
      apiUrl,
      region,
      accountId,
      clock,
      random: systemRandom,
      outside,
      log: { warn: () => {}, error: (of) => void this.unexpectedErrors.push(of) },
      recorded: (event, atMs) => this.trailDomain.chain(event, atMs),
      commit: (batch) => this.#commit(batch),
    });
    this.services = [
      kmsService(this.kmsDomain),
      cloudTrailService(this.audit.cloudTrail),
      s3Service(this.audit.s3),
      auditService(this.audit.audit),
      mqService({
        control: this.control,
        region,
        ...localBrokers,
        consoleUrl: () => 'https://localhost:8443/',
      }),
      stsService(sts),
      ...this.#signIn.services,
      iamService({
        iam,
        identity,
        random: systemRandom,
        region,
        apiUrl,
        linkedResources: () => [...this.#brokers.all()].map(({ arn }) => arn),
      }),
      discoveryService({ control: this.control, personNames: [] }),
      ...this.#cloudWatch.of(this.#brokers),
      administrationService(this.#administration()),
    ].map(replaced);
    for (const service of this.services) services.add(service);
    this.#dispatcher = new Dispatcher({
      ...place,
      wires: [rpcV2Cbor, json10, json11, query, restJson, restXml],
      hooks: { ...hooks, ...this.#atTheDoor(), inspection: inspectionOf(this) },
    });
    this.kmsDomain.onKeyChanged((arn) =>
      this.control.supervisor.keyChanged(arn.slice(arn.lastIndexOf('/') + 1)),
    );
  }

  get store(): StateStore {
    if (this.#store) return this.#store;
    throw new Error('the control plane is not open yet');
  }

  #administration() {
    const { clock } = this.machine;
    const { control, iamDomain: iam, kmsDomain } = this;
    const settings = { hasTlsParity: false, sensitiveNames: 'warn', personNames: [] } as const;
    const state = { brokers: this.#brokers, configurations: this.#configurations, settings };
    return administrationParts({
      installation: this.installation,
      control,
      advice: {
        iam,
        identity: this.#identity,
        keys: kmsDomain.journal,
        publicCertificates: [],
        tls12Counts: () => tls12Counts(control.engines, { of: () => this.tls12Count }),
        ...state,
      },
      backups: backupsOf(this),
      hosts: withoutHosts,
      newConsoleCode: this.newConsoleCode,
      clock,
      random: systemRandom,
    });
  }

  #newControl(client: LocalClient): Control {
    const { clock, keyEffectDelayMs } = this.machine;
    return new Control({
      brokers: this.#brokers,
      configurations: this.#configurations,
      client,
      engines: new Engines([this.engine]),
      clock,
      random: systemRandom,
      commit: (entries) => this.#commit(entries),
      hashPassword: quickHash,
      sealSecret: (context, secret) => {
        const { sealingKey } = this.machine;
        return sealValue(sealingKey, context, Buffer.from(secret)).toString('base64');
      },
      openSecret: (context, sealed) => {
        const { sealingKey } = this.machine;
        return openValue(sealingKey, context, Buffer.from(sealed, 'base64')).toString();
      },
      createServiceRole: serviceRoleCreation(this.iamDomain, client),
      digestKey: this.machine.digestKey,
      region,
      accountId,
      hasInstanceLimits: this.machine.hasInstanceLimits,
      keyCheckMs: 3_600_000,
      keyEffectDelayMs,
      report: (level, brokerId, text, error) => this.reports.push({ level, brokerId, text, error }),
      failureEntries: failureEntriesOf(this, { region, accountId }),
      upgradeEntries: upgradeEntriesOf(this, { region, accountId }),
      ...{ log: () => {}, loginFailed: () => {}, accessed: () => {} },
    });
  }

  #newTrails(client: LocalClient): TrailParts {
    return trailsOf(this, client, (entries) => this.#commit(entries), { region, accountId });
  }

  #hooks(): PipelineHooks {
    const iam = this.iamDomain;
    return {
      authorise: (permissions, context) =>
        new CallAuthoriser(this.#principals, iam.messages).authorise(permissions, context),
      record: (call) => [
        ...usesOf(this.iamDomain.journal, call).map(asChange),
        ...this.kmsDomain.lastUses.note(call).map((change) => ({ journal: 'kms', change })),
        ...(call.accountId === accountId ? this.trailDomain : this.serviceTrail).chain(
          eventRecord(call, this.iamDomain.journal.account.alias),
          call.atMs,
        ),
      ],
      commit: (batch) => this.#commit(batch),
      callerWarning: (context) => rootWarning(this.iamDomain)(context),
      onUnexpectedError: (error) => this.unexpectedErrors.push(error),
    };
  }

  #atTheDoor() {
    const authenticator = new Authenticator({
      findAccessKey: (id, ...of) =>
        this.machine.accessKeys.get(id) ?? this.iamDomain.callers.find(id, ...of),
      region,
      globalRegion,
      clock: this.machine.clock,
    });
    return {
      claim: (request: RequestHead, serviceName: string | undefined) =>
        authenticator.claim(request, serviceName),
      prepare: (caller: Caller) => this.iamDomain.policies.prepare(caller),
      tokenHolder: (token: string | undefined) =>
        tokenHolder(
          [new Secret('a token'), ...this.installation.metricsTokens(this.machine.clock.nowMs())],
          token,
        ),
      refused: (request: RefusedRequest) => this.refused.push(request),
    };
  }

  async #open(): Promise<void> {
    const ofControl = [this.#brokers, this.#configurations, this.#cloudWatch.logGroups];
    const ofIdentity = [this.#identity, this.iamDomain.journal, this.#signIns];
    const trails = [this.trailDomain, this.serviceTrail, this.trails, this.archives];
    const own = [this.kmsDomain.journal, this.installation, ...trails];
    const journals = [...own, ...ofIdentity, ...ofControl];
    this.journals = journals;
    const timelines = [trailTimeline, serviceTimeline];
    const { state, log } = reopenedState(this.machine.log, journals, timelines);
    this.machine.log = log;
    this.#store = state;
    await this.#secrets.open();
    await this.kmsDomain.materials.keepOnly(this.kmsDomain.journal.keys());
    const nowMs = this.machine.clock.nowMs();
    if (this.#identity.accountId === undefined) {
      await state.commit(this.#identity.createAccount(accountId, nowMs));
      await state.commit(this.#identity.createRootAccessKey(systemRandom, nowMs));
    }
    await Promise.race([this.control.supervisor.start(), this.ended]);
  }

  async #listen(): Promise<void> {
    const { authority, servers } = await planeCertificates();
    const apiUrl = () => this.#endpoint?.url ?? '';
    const { iamDomain: iam } = this;
    this.#listener = planeListener(servers, this.#dispatcher, this.#signIn, iam, apiUrl);
    const port = await this.#listener.open(0);
    this.#endpoint = { url: `https://127.0.0.1:${port}`, ca: authority };
    this.#clients = new PlaneClients(this.#endpoint, this.credentials, this.machine.clock);
  }

  volumeOf(brokerId: string): VolumeRecord {
    const [volume, ...more] = this.control.brokers.require(brokerId).volumes;
    if (volume && more.length === 0) return volume;
    throw new Error(`broker ${brokerId} has ${more.length + 1} volumes`);
  }

  get credentials(): { readonly accessKeyId: string; readonly secretAccessKey: string } {
    const accessKeyId = this.#identity.rootAccessKeyId ?? '';
    const key = this.#identity.findAccessKey(accessKeyId);
    return { accessKeyId, secretAccessKey: key?.secret().reveal() ?? '' };
  }

  get endpoint(): { readonly url: string; readonly ca: string } {
    if (this.#endpoint) return this.#endpoint;
    throw new Error('the control plane has no port');
  }

  async answer(request: HttpRequest): Promise<TextResponse> {
    return asText(await this.answerBytes(request));
  }

  answerBytes(request: HttpRequest): Promise<HttpResponse> {
    return this.#dispatcher.answer(request);
  }

  /** The official client of Amazon MQ, with the clock of this machine. */
  get mq(): MqClient {
    return this.#opened.inTime('mq');
  }

  /** The official client of AWS KMS. */
  get kms(): KMSClient {
    return this.#opened.inTime('kms');
  }

  /** The official client of CloudTrail. */
  get trail(): CloudTrailClient {
    return this.#opened.inTime('trail');
  }

  get #opened(): PlaneClients {
    if (this.#clients) return this.#clients;
    throw new Error('the control plane is not open yet');
  }

  /** Resolves once no broker has work that could be done now. */
  settled(): Promise<void> {
    return this.control.supervisor.idle();
  }

  /** Moves time on, does what is due by then, and waits for it. */
  async advance(ms: number): Promise<void> {
    this.machine.clock.advance(ms);
    await runScheduledKeyTasks(
      {
        kms: this.kmsDomain,
        trail: this.trailDomain,
        serviceTrail: this.serviceTrail,
        commit: (entries) => this.#commit(entries),
        region,
        accountId,
      },
      this.machine.clock.nowMs(),
    );
    this.control.tick();
    await this.control.replicator.idle();
    await this.settled();
  }

  /** Ends the process, as by SIGKILL, and starts the next. */
  async restart(): Promise<ControlPlane> {
    await this.kill();
    return ControlPlane.start(this.machine);
  }

  /** Ends the process, as by SIGKILL. */
  async kill(): Promise<void> {
    this.#hasEnded = true;
    await this.close();
  }

  /** Closes the port and the clients. */
  async close(): Promise<void> {
    this.#clients?.destroy();
    await this.#listener?.close(0);
  }

  #commit(batch: readonly Entry[]): Promise<void> {
    if (this.#endsHere()) return never;
    this.onCommit(batch);
    for (const entry of batch) {
      this.written += 'bytes' in entry ? entry.bytes.toString() : JSON.stringify(entry.change);
    }
    const synced = this.store.commit(batch);
    return this.#endsHere() ? never : synced;
  }

  #pass(): Promise<void> {
    return this.#endsHere() ? never : Promise.resolve();
  }

  #endsHere(): boolean {
    if (this.#hasEnded) return true;
    const { machine } = this;
    machine.steps += 1;
    if (machine.steps !== machine.endAt) return false;
    // What this process writes from here on is not on the disk of the next one.
    machine.secretsDisk = machine.secretsDisk.copy();
    this.#hasEnded = true;
    this.#tellEnded();
    return true;
  }
}

/** A promise that never resolves, because its process has ended. */
const never = new Promise<never>(() => {});
