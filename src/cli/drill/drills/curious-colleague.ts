// The drill `curious-colleague`.

import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import type { AwsClients } from '../service/clients.ts';
import { brokerWithMessages, type PreparedBroker } from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';

const refusals = /^(AccessDenied|AccessDeniedException|ForbiddenException)$/;
const pagesMax = 20;

/** A user of the account without any rights looks around. */
export const curiousColleague: Drill = {
  name: 'curious-colleague',
  promise:
    'A user of the account without rights is refused everything, and each attempt is in the trail.',
  run: async (lab) => {
    const service = await lab.service();
    const broker = await brokerWithMessages(lab, service);
    const { kms } = service.aws;
    const UserName = lab.word('colleague');
    const credentials = await lab.step(
      'hire',
      'created a user without rights',
      () => createUser(service, UserName),
      UserName,
    );
    const { CiphertextBlob = new Uint8Array() } = await kms.encrypt({
      KeyId: broker.keyArn,
      Plaintext: Buffer.from(lab.word('secret')),
    });
    const login = await service
      .connect(broker.url.replace(broker.password, 'a-guessed-password'))
      .then(
        (client) => client.close(),
        (error: Error) => error,
      );
    lab.saw(
      'the broker refuses a guessed password',
      /ACCESS_REFUSED|403/.test(login?.message ?? ''),
      login?.message ?? 'it accepted it',
    );
    const clients = await service.clients(credentials);
    const attempts = callsOf(clients, broker, UserName, CiphertextBlob);
    for (const [name, call] of Object.entries(attempts)) {
      const error = await call().then(
        () => undefined,
        (refused: Error) => refused,
      );
      const isRefused = error !== undefined && refusals.test(error.name);
      lab.saw(`${name} is refused`, isRefused, error?.name ?? 'it was answered');
    }
    await sawEvents(lab, service, UserName, Object.keys(attempts));
  },
};

/** Creates a user with an access key, and without rights. */
async function createUser({ aws: { iam } }: ServiceProcess, UserName: string) {
  await iam.createUser({ UserName });
  const { AccessKey } = await iam.createAccessKey({ UserName });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
}

/** Calls that read, use, or take over something. */
function callsOf(
  { mq, kms, trail, iam, sts, logs }: AwsClients,
  { id, keyArn }: PreparedBroker,
  UserName: string,
  CiphertextBlob: Uint8Array,
): Readonly<Record<string, () => Promise<unknown>>> {
  const GranteePrincipal = `arn:aws:iam::${keyArn.split(':')[4]}:user/${UserName}`;
  const Operations: 'Decrypt'[] = ['Decrypt'];
  const logGroupName = `/aws/amazonmq/broker/${id}/general`;
  const all = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
  return {
    DescribeBroker: () => mq.describeBroker({ BrokerId: id }),
    ListBrokers: () => mq.listBrokers({}),
    DeleteBroker: () => mq.deleteBroker({ BrokerId: id }),
    Decrypt: () => kms.decrypt({ CiphertextBlob, KeyId: keyArn }),
    GetKeyPolicy: () => kms.getKeyPolicy({ KeyId: keyArn }),
    DisableKey: () => kms.disableKey({ KeyId: keyArn }),
    CreateGrant: () => kms.createGrant({ KeyId: keyArn, GranteePrincipal, Operations }),
    LookupEvents: () => trail.lookupEvents({}),
    FilterLogEvents: () => logs.filterLogEvents({ logGroupName }),
    ListUsers: () => iam.listUsers({}),
    CreateAccessKey: () => iam.createAccessKey({ UserName }),
    PutUserPolicy: () => iam.putUserPolicy({ UserName, PolicyName: 'all', PolicyDocument: all }),
    GetFederationToken: () => sts.getFederationToken({ Name: 'somebody' }),
  };
}

/** Reports whether the trail has an event with an error for each attempt. */
async function sawEvents(
  lab: Lab,
  { aws: { trail } }: ServiceProcess,
  UserName: string,
  names: readonly string[],
): Promise<void> {
  const refused = new Set<string>();
  let NextToken: string | undefined;
  for (let page = 0; page < pagesMax; page++) {
    const { Events = [], NextToken: next } = await trail.lookupEvents({
      LookupAttributes: [{ AttributeKey: 'Username', AttributeValue: UserName }],
      ...(NextToken !== undefined && { NextToken }),
    });
    for (const { EventName = '', CloudTrailEvent = '{}' } of Events) {
      const { errorCode } = JSON.parse(CloudTrailEvent) as { readonly errorCode?: string };
      if (errorCode !== undefined) refused.add(EventName);
    }
    NextToken = next;
    if (next === undefined) break;
  }
  const missing = names.filter((name) => !refused.has(name));
  lab.saw(
    'each refusal is in the trail, with the name of the user',
    missing.length === 0,
    missing.length === 0 ? `${names.length} refused calls` : `missing: ${missing.join(', ')}`,
  );
}
